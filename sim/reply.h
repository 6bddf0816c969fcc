// A reply as a list of steps, so that a fault is a change to the list, and the one coroutine that carries it out.
#pragma once

#include "sim/envelope.h"
#include "sim/record.h"
#include "sim/settings.h"
#include "sim/wire.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sim {

struct Step {
    enum class Do : std::uint8_t {
        clear,            // `text` as it is
        init,             // the stream's e2e_init
        seal,             // `text` as a sealed chunk
        seal_wrong_tag,   // ... whose tag is wrong
        seal_flipped,     // ... with a flipped bit
        seal_not_base64,  // ... whose base64 is broken
        seal_half,        // the first half of the bytes of such an event
        again,            // the last sealed chunk once more
        rest,             // silence for `pause`
        stall,            // silence until the peer leaves
        reset,
        close,
    };
    Do what = Do::clear;
    std::string text = {};
    bool event_end = false;  // an inner event is complete: flush
    Milliseconds pause{0};
};

struct Reply {
    int status = 200;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::optional<std::size_t> length = {};  // Content-Length; without it the body is chunked
    bool silent = false;                     // no head: only the steps
    std::vector<Step> steps = {};
    std::optional<Sealer> sealer = {};  // where steps seal
};

[[nodiscard]] Reply whole_reply(int status, std::string content_type, std::string body);
// {"detail": ...}
[[nodiscard]] Reply detail_reply(int status, std::string_view detail);
// No head, only that step.
[[nodiscard]] Reply silent_reply(Step::Do what);
// What a front end answers when the relay is away.
[[nodiscard]] Reply html_reply(int status);

struct Sending {
    Wire& wire;
    Entry& entry;
    Latency latency;
    std::size_t write_size = 0;  // as Settings::write_size
};

// How it ended: complete, aborted (the peer left), cut (a step ended the connection).
[[nodiscard]] Awaitable<std::string_view> send(Reply reply, Sending sending);

}  // namespace sim
