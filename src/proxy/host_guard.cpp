#include "proxy/host_guard.h"

#include "proxy/headers.h"

#include <algorithm>
#include <utility>

namespace proxy {

HostGuard::HostGuard(Names names, std::shared_ptr<const net::TlsIdentity> identity)
    : names_(std::move(names)), identity_(std::move(identity)) {
    for (std::string& name : names_.allowed) name = host_without_port(name);
    names_.domain = host_without_port(names_.domain);
}

void HostGuard::replace(std::shared_ptr<const net::TlsIdentity> identity) {
    const std::scoped_lock lock(mutex_);
    identity_ = std::move(identity);
}

bool HostGuard::allows(std::string_view authority) const {
    const std::string host = host_without_port(authority);
    const auto listed = [&](const std::string& name) { return name == "*" || name == host; };
    if (is_loopback_host(host) || std::ranges::any_of(names_.allowed, listed)) return true;
    if (!names_.allowed.empty()) return false;
    if (!host.empty() && host == names_.domain) return true;
    const std::scoped_lock lock(mutex_);
    return identity_->covers(host);
}

}  // namespace proxy
