// What a strict client makes of our events: accumulators in the manner of the official SDKs (formats page §2.3), written apart
// from the code under test. Each rule that is broken is a complaint.
#pragma once

#include "json/json.h"

#include <ostream>
#include <string>
#include <vector>

namespace reply_test {

struct Segment {
    enum class Kind { reasoning, text, tool } kind = Kind::text;
    std::string text;  // of a tool: its arguments
    std::string name;  // of a tool

    friend bool operator==(const Segment&, const Segment&) = default;
    friend void PrintTo(const Segment& segment, std::ostream* out) {
        *out << "\n"
             << (segment.kind == Kind::reasoning ? "reasoning"
                 : segment.kind == Kind::text    ? "text"
                                                 : "tool ")
             << segment.name << " [" << segment.text << "]";
    }
};

struct Accumulated {
    std::vector<Segment> segments;
    std::vector<std::string> call_ids;
    std::string end;  // stop_reason; status of the response
    std::int64_t input_tokens = -1;
    std::int64_t output_tokens = -1;
    std::vector<std::string> complaints;
};

// `events` as events_of() gives them.
[[nodiscard]] Accumulated accumulate_messages(json::Value events);
[[nodiscard]] Accumulated accumulate_responses(json::Value events);

// The same, of a whole reply.
[[nodiscard]] Accumulated read_message(json::Value message);
[[nodiscard]] Accumulated read_response(json::Value response);

}  // namespace reply_test
