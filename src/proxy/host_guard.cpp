#include "proxy/host_guard.h"

#include "proxy/headers.h"

#include <algorithm>
#include <utility>

namespace proxy {

HostGuard::HostGuard(std::vector<std::string> allowed, std::shared_ptr<const net::TlsIdentity> identity)
    : allowed_(std::move(allowed)), identity_(std::move(identity)) {
    for (std::string& name : allowed_) name = host_without_port(name);
}

void HostGuard::replace(std::shared_ptr<const net::TlsIdentity> identity) {
    const std::scoped_lock lock(mutex_);
    identity_ = std::move(identity);
}

bool HostGuard::allows(std::string_view authority) const {
    const std::string host = host_without_port(authority);
    const auto listed = [&](const std::string& name) { return name == "*" || name == host; };
    if (is_loopback_host(host) || std::ranges::any_of(allowed_, listed)) return true;
    if (!allowed_.empty()) return false;
    const std::scoped_lock lock(mutex_);
    return identity_->covers(host);
}

}  // namespace proxy
