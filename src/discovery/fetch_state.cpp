#include "discovery/fetch_state.h"

#include <algorithm>

namespace discovery {

void FetchState::succeeded() {
    *this = {};
}

void FetchState::failed(TimePoint now, FetchFailure failure) {
    flight_until_ = {};
    const int doublings = std::min(failures_++, 16);
    const bool limited = failure == FetchFailure::rate_limited;
    const Duration least = limited ? Duration(rate_limit_wait_min) : Duration(failure_wait_min);
    const Duration most = limited ? Duration(rate_limit_wait_max) : Duration(failure_wait_max);
    retry_at_ = now + std::min(most, least * (1 << doublings));
    if (limited) limited_until_ = retry_at_;
}

}  // namespace discovery
