// An emitter writes segments as one dialect's event stream.
#pragma once

#include "api/failure.h"
#include "api/segments.h"

#include <string>
#include <utility>

namespace api {

class Emitter : public SegmentSink {
public:
    // The events since the last take.
    [[nodiscard]] std::string take() { return std::exchange(out_, {}); }

    // As ReplyStream's.
    [[nodiscard]] virtual std::string fail(const Failure& failure) = 0;
    [[nodiscard]] virtual std::string keepalive() const = 0;

protected:
    std::string out_;
};

}  // namespace api
