#include "sim/tickets.h"

namespace sim {

std::string_view violation_name(Verdict verdict) {
    switch (verdict) {
        case Verdict::good:
        case Verdict::dead_on_arrival:
            return "";
        case Verdict::unknown:
            return "nonce_unknown";
        case Verdict::reused:
            return "nonce_reused";
        case Verdict::other_credential:
            return "nonce_of_another_credential";
        case Verdict::other_chute:
            return "nonce_of_another_chute";
        case Verdict::other_instance:
            return "nonce_of_another_instance";
        case Verdict::expired:
            return "nonce_expired";
    }
    return "";
}

std::string Tickets::issue(const Issue& issue, Clock::time_point now, Random& random) {
    static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    forget_old(now);
    std::string nonce(32, '\0');
    for (char& c : nonce) c = alphabet[random.below(alphabet.size())];
    tickets_[nonce] = {issue, now, false};
    return nonce;
}

Redemption Tickets::redeem(std::string_view nonce, const TicketScope& scope, Clock::time_point now, Milliseconds ttl) {
    const auto found = tickets_.find(std::string(nonce));
    if (found == tickets_.end()) return {Verdict::unknown, 0};
    Ticket& ticket = found->second;
    const auto verdict = [&] {
        if (ticket.spent) return Verdict::reused;
        if (ticket.issue.scope.credential != scope.credential) return Verdict::other_credential;
        if (ticket.issue.scope.chute != scope.chute) return Verdict::other_chute;
        if (ticket.issue.scope.instance != scope.instance) return Verdict::other_instance;
        if (ticket.issue.dead) return Verdict::dead_on_arrival;
        if (now - ticket.issued > ttl) return Verdict::expired;
        return Verdict::good;
    }();
    ticket.spent = true;
    return {verdict, ticket.issue.key_generation};
}

// Long runs issue millions. One that is forgotten is refused as unknown, which is as good as reused.
void Tickets::forget_old(Clock::time_point now) {
    if (tickets_.size() < sweep_at_) return;
    std::erase_if(tickets_, [&](const auto& item) { return now - item.second.issued > std::chrono::minutes(10); });
    sweep_at_ = 200'000 + tickets_.size() * 2;
}

}  // namespace sim
