#include "discovery/health.h"

#include <algorithm>

namespace discovery {

void Health::first_event(Duration since_sent, TimePoint now) {
    // A new observation weighs 3 of 10; the first one after a silence stands alone.
    first_event_average_ = time_to_first_event(now) ? (first_event_average_ * 7 + since_sent * 3) / 10 : since_sent;
    first_event_at_ = now;
    first_event_known_ = true;
}

void Health::ended(Outcome outcome, TimePoint now) {
    --in_flight_;
    switch (outcome) {
        case Outcome::answered:
            failures_ = 0;
            rests_until_ = {};
            break;
        case Outcome::failed:
        case Outcome::gone:
            rests_until_ = now + std::min<Duration>(rest_max, Duration(rest_min) * (1 << std::min(failures_++, 16)));
            break;
        case Outcome::at_capacity:
            avoided_until_ = now + avoid_for;
            break;
        case Outcome::pool_refused:
        case Outcome::neutral:
            break;
    }
}

Standing Health::standing(TimePoint now) const {
    if (now < rests_until_) return Standing::resting;
    return now < avoided_until_ ? Standing::avoided : Standing::ready;
}

std::optional<Duration> Health::time_to_first_event(TimePoint now) const {
    if (!first_event_known_ || now - first_event_at_ > speed_known_for) return std::nullopt;
    return first_event_average_;
}

}  // namespace discovery
