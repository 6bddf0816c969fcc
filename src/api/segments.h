// What a chat completion says, as both translated dialects want to hear it: strictly sequential segments, each opened, filled
// and closed before the next (formats page §1.3). The assembler calls, an emitter listens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace api {

// Token counts. `prompt` includes `cached`, `completion` includes `reasoning`.
struct Usage {
    std::int64_t prompt = 0;
    std::int64_t cached = 0;  // at most `prompt`
    std::int64_t completion = 0;
    std::int64_t reasoning = 0;
    std::int64_t total = 0;
};

enum class SegmentKind : std::uint8_t { reasoning, text, tool };

struct SegmentStart {
    SegmentKind kind = SegmentKind::text;
    std::string_view call_id;    // tool: not empty, unique within the reply
    std::string_view tool_name;  // tool: as the instance knows it
};

struct SegmentEnd {
    bool cut = false;                     // the reply's last segment, and the reply was cut off (not Ending::complete)
    std::string_view unusable_arguments;  // tool: what came instead of a JSON object, if anything did
};

enum class Ending : std::uint8_t {
    complete,  // the model ended it
    length,    // cut at the token limit
    filter,    // cut by a content filter
};

struct ReplyEnd {
    Ending ending = Ending::complete;
    std::string_view stop_text;  // the stop sequence that was met, if the instance named one
    bool tool_called = false;
    std::optional<Usage> usage;
};

class SegmentSink {
public:
    SegmentSink() = default;
    SegmentSink(const SegmentSink&) = delete;
    SegmentSink& operator=(const SegmentSink&) = delete;
    virtual ~SegmentSink() = default;

    // Once, before anything else, with what is known by then.
    virtual void begin(const std::optional<Usage>& usage) = 0;
    virtual void open(const SegmentStart& start) = 0;
    // Never empty, whole characters. Tool: a piece of a JSON object's text; all pieces together are an object, or the beginning
    // of one if the instance stopped within it; none at all if there were no usable arguments.
    virtual void add(std::string_view piece) = 0;
    virtual void close(const SegmentEnd& end) = 0;
    // Once, last. Not after a failure.
    virtual void end(const ReplyEnd& end) = 0;
};

}  // namespace api
