// Invocation nonces (protocol page, "Discovery and nonces"): each belongs to a credential, a chute and an instance, works once
// and dies.
#pragma once

#include "sim/random.h"
#include "sim/settings.h"

#include <string>
#include <string_view>
#include <unordered_map>

namespace sim {

// Whose and for what.
struct TicketScope {
    std::string credential;
    std::string chute;
    std::string instance;
    friend bool operator==(const TicketScope&, const TicketScope&) = default;
};

enum class Verdict { good, unknown, reused, other_credential, other_chute, other_instance, expired, dead_on_arrival };

// How a verdict is called among the violations.
[[nodiscard]] std::string_view violation_name(Verdict verdict);

struct Redemption {
    Verdict verdict = Verdict::unknown;
    std::size_t key_generation = 0;  // of the key that was handed out with it
};

class Tickets {
public:
    struct Issue {
        TicketScope scope;
        std::size_t key_generation = 0;
        bool dead = false;  // refused from the start: a lie of the relay
    };
    [[nodiscard]] std::string issue(const Issue& issue, Clock::time_point now, Random& random);

    // Spends it, whatever the verdict.
    [[nodiscard]] Redemption redeem(std::string_view nonce, const TicketScope& scope, Clock::time_point now, Milliseconds ttl);

private:
    struct Ticket {
        Issue issue;
        Clock::time_point issued;
        bool spent = false;
    };
    void forget_old(Clock::time_point now);

    std::unordered_map<std::string, Ticket> tickets_;
    std::size_t sweep_at_ = 200'000;
};

}  // namespace sim
