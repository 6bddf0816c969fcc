// Chat completion deltas, or one whole chat completion, made into strictly sequential segments (formats page §1.3). The one
// place that knows how model servers split and mix reasoning, text and tool calls.
//
// Memory: what is held (white space, a begun tag, tool calls that wait) and what an emitter keeps are bounded together: all
// texts of a reply are at most limits::reply_max, its tool calls at most limits::reply_tool_calls_max, its segments about
// limits::reply_segments_max.
#pragma once

#include "api/failure.h"
#include "api/segments.h"
#include "api/think_tags.h"
#include "api/tool_arguments.h"
#include "json/json.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace api {

class Assembler {
public:
    // `random` makes the ids of calls that came without one. `sink` must outlive the assembler.
    Assembler(SegmentSink& sink, std::string_view random) : sink_(sink), random_(random) {}

    // One event of a stream, or a whole reply: an object with `choices`, `usage` or both. The first failure is final.
    [[nodiscard]] std::optional<Failure> read_chunk(json::Value chunk) { return read(chunk, "delta"); }
    [[nodiscard]] std::optional<Failure> read_whole(json::Value reply) { return read(reply, "message"); }

    // Nothing more will come; `done`: because [DONE] came. A failure if the reply is not complete.
    [[nodiscard]] std::optional<Failure> finish(bool done);

private:
    struct Call {
        std::string id;  // as the instance sent it; the client's may differ
        std::string name;
        ToolArguments arguments;
        bool closed = false;
    };

    std::optional<Failure> read(json::Value chunk, std::string_view content_member);
    void read_usage(json::Value usage);
    std::optional<Failure> read_choice(json::Value choice, std::string_view content_member);
    void read_content(json::Value content);
    std::optional<Failure> read_tool_call(json::Value call, std::int64_t position);

    void begin();
    void put(const ThinkTags::Parts& parts);
    void put_reasoning(std::string_view text);
    void put_text(std::string_view text);
    void switch_to(SegmentKind kind);

    Call* call_at(std::int64_t index, json::Value update);
    void open_calls_in_turn();
    void open_all_calls();
    void open_call(std::size_t which);
    void stream_arguments();
    void close_segment(bool cut);
    [[nodiscard]] std::string unused_id(std::string_view wanted);
    [[nodiscard]] std::string_view counted(std::string_view text);

    SegmentSink& sink_;
    std::string random_;
    bool begun_ = false;
    bool choices_seen_ = false;
    bool tool_called_ = false;
    std::size_t text_size_ = 0;
    std::size_t segments_ = 0;
    std::optional<Usage> usage_;
    std::string finish_reason_;
    std::string stop_text_;

    ThinkTags tags_;
    std::string held_space_;                      // white space that may turn out to begin a text
    std::optional<SegmentKind> open_;             // the segment that is being filled
    std::deque<Call> calls_;                      // in order of appearance
    std::map<std::int64_t, std::size_t> latest_;  // chat's tool index → its latest call
    std::vector<std::size_t> waiting_;            // calls not opened yet
    std::size_t open_call_ = 0;                   // while open_ is tool
    std::set<std::string, std::less<>> ids_;
};

}  // namespace api
