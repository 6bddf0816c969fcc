// Server-sent events (WHATWG HTML, "Server-sent events"), read incrementally: bytes in, events out. Knows LF, CRLF and CR,
// comments, several data lines, an optional space after the colon, a byte order mark, and splits anywhere.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"

namespace sse {

struct Event {
    std::string type;  // empty when the stream named none
    std::string data;  // data lines joined with LF
    std::string raw;   // the event's own bytes, its blank line included, as they came
};

class Reader {
public:
    explicit Reader(std::size_t event_size_max = base::limits::stream_event_max) : event_size_max_(event_size_max) {}

    // Takes any piece of the stream. `upstream_broken` when one event grows over the limit; the reader is then of no use.
    [[nodiscard]] base::Result<void> feed(std::string_view bytes);

    // The next whole event. One that has neither data nor type (a comment, a lone blank line) is passed over.
    [[nodiscard]] std::optional<Event> next();

    // Whether bytes of an unfinished event are held (the stream must not end here).
    [[nodiscard]] bool mid_event() const;

    // The stream has ended: an event without its blank line is given out after all, as lenient clients do; next() tells.
    void finish();

private:
    // The implementation may hold what it likes.
    std::size_t event_size_max_;
};

// "event: TYPE\ndata: DATA\n\n"; no event line when `type` is empty. `data` must not contain a line break.
void append_event(std::string& out, std::string_view type, std::string_view data);

// ": TEXT\n\n"
void append_comment(std::string& out, std::string_view text);

}  // namespace sse
