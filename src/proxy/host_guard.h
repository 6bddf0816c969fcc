// Which names clients may call us by. A web page can make a browser believe that the page's own name means 127.0.0.1 (DNS
// rebinding) and then talk to us as that page; its name in the Host header gives it away.
#pragma once

#include "net/identity.h"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

class HostGuard {
public:
    struct Names {
        std::vector<std::string> allowed;  // "*" for any; empty: the certificate's names and `domain`
        std::string domain;                // TLS_DOMAIN, or empty
    };
    // Loopback names and addresses always pass.
    HostGuard(Names names, std::shared_ptr<const net::TlsIdentity> identity);

    // After a reload. From any thread.
    void replace(std::shared_ptr<const net::TlsIdentity> identity);

    // `authority`: the Host header's value, with or without a port.
    [[nodiscard]] bool allows(std::string_view authority) const;

private:
    Names names_;
    mutable std::mutex mutex_;
    std::shared_ptr<const net::TlsIdentity> identity_;  // guarded by mutex_
};

}  // namespace proxy
