// The door: gets every request of one thread's listeners, checks it, sends it where it belongs, and logs how it went.
#pragma once

#include "net/exchange.h"
#include "proxy/answer.h"
#include "proxy/forward.h"
#include "proxy/host_guard.h"

#include <memory>
#include <string>

namespace proxy {

class Front final : public net::Handler {
public:
    struct Parts {
        Forwarding forwarding;
        const HostGuard& hosts;
    };
    explicit Front(Parts parts) : parts_(parts) {}

    [[nodiscard]] net::Task<void> handle(net::Exchange& exchange) override;
    [[nodiscard]] net::Task<void> reject(net::Exchange& exchange, base::Error error) override;

private:
    [[nodiscard]] net::Task<Account> serve(net::Exchange& exchange, Answer& answer, Route route);
    [[nodiscard]] net::Task<Account> encrypted(net::Exchange& exchange, Answer& answer, Route route);
    [[nodiscard]] net::Task<void> models(net::Exchange& exchange, Answer& answer);
    [[nodiscard]] net::Task<void> count_tokens(net::Exchange& exchange, Answer& answer);
    [[nodiscard]] base::Result<base::ApiKey> key_of(const net::Exchange& exchange) const;

    Parts parts_;
};

// Sends browsers and mistaken clients from plain HTTP to HTTPS (301).
class Redirect final : public net::Handler {
public:
    // `port`: of the HTTPS listener as clients see it; 443 is left out of the address.
    Redirect(const HostGuard& hosts, std::uint16_t port) : hosts_(hosts), port_(port) {}

    [[nodiscard]] net::Task<void> handle(net::Exchange& exchange) override;
    [[nodiscard]] net::Task<void> reject(net::Exchange& exchange, base::Error error) override;

private:
    const HostGuard& hosts_;
    std::uint16_t port_;
};

}  // namespace proxy
