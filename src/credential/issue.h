// Makes a certificate of our own: a private CA and the one P-256 leaf it ever signs. The CA's private key dies inside
// issue(), so whoever trusts this CA trusts this leaf and nothing else, for ever.
#pragma once

#include "base/result.h"
#include "credential/handles.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace credential {

// Apple's platforms refuse server certificates that live longer than 398 days; the CA outlives its leaf by a day.
inline constexpr std::chrono::days leaf_validity{397};

struct IssueRequest {
    std::vector<std::string> names;             // at least one: DNS names, wildcards ("*.example.org"), IP addresses
    std::chrono::system_clock::time_point now;  // valid from an hour before, for clocks that are behind
};

struct Issued {
    X509Ptr ca;
    X509Ptr leaf;    // CA:FALSE, serverAuth
    EvpPkeyPtr key;  // the leaf's
};

// invalid_configuration if a name is one that no client could match, with the reason.
[[nodiscard]] base::Result<Issued> issue(const IssueRequest& request);

// Whether `text` is an IPv4 or IPv6 address in its usual notation, without brackets.
[[nodiscard]] bool is_ip_address(std::string_view text);

// Empty if a certificate may carry `name`, else why not.
[[nodiscard]] std::string name_objection(std::string_view name);

}  // namespace credential
