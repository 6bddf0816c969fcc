// Server-sent events (WHATWG HTML, §9.2 "Server-sent events"), read incrementally: bytes in, events out. Knows LF, CRLF and CR,
// comments, several data lines, an optional space after the colon, a byte order mark, and splits anywhere. Linear in the bytes
// fed, however they are split.
#pragma once

#include "base/limits.h"
#include "base/result.h"

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace sse {

struct Event {
    std::string type;  // empty when the stream named none
    std::string data;  // data lines joined with LF
    // The event's bytes as they came, its blank line included, and before them everything since the event before: comments,
    // blank lines, fields that make no event (id, retry). So the `raw` of all events, joined, is the stream itself, but for a
    // byte order mark at its start and what follows the last event.
    std::string raw;
};

class Reader {
public:
    // `event_size_max` bounds an event's `raw`.
    explicit Reader(std::size_t event_size_max = base::limits::stream_event_max) : event_size_max_(event_size_max) {}

    // Takes any piece of the stream; take out the events before the next piece. `upstream_broken` when one event grows over
    // the limit: the events before it can still be had, but the reader takes no more.
    [[nodiscard]] base::Result<void> feed(std::string_view bytes);

    // The next whole event: one with a data line or a type. (The standard drops those without data; our callers judge.)
    [[nodiscard]] std::optional<Event> next();

    // Whether a part of an unfinished event is held: the stream should not end here.
    [[nodiscard]] bool mid_event() const;

    // What was fed and is not part of an event given out yet.
    [[nodiscard]] std::string_view rest() const { return std::string_view(buffer_).substr(begin_); }

    // The stream has ended: an event that lacks its blank line is given out after all, as lenient clients do; next() tells. Its
    // raw gets the line ends it lacked. It may have been cut anywhere, so that its data must tell whether it is whole.
    void finish();

private:
    void scan();
    void end_line(std::string_view line);
    void drop_consumed();

    std::size_t event_size_max_;
    std::string buffer_;            // bytes not given out yet
    std::size_t begin_ = 0;         // where the next event's raw begins
    std::size_t last_end_ = 0;      // where the last whole event ends, or begin_
    std::size_t line_ = 0;          // where the unfinished line begins
    std::size_t scanned_ = 0;       // line ends were looked for up to here
    std::deque<std::size_t> ends_;  // where the whole events end
    bool started_ = false;          // past the place of a byte order mark
    bool after_cr_ = false;         // an LF that comes next belongs to the CR before it
    bool has_event_ = false;        // a line since last_end_ makes an event
    bool broken_ = false;
};

// "event: TYPE\ndata: DATA\n\n"; no event line when `type` is empty. Neither may contain a line break.
void append_event(std::string& out, std::string_view type, std::string_view data);

// ": TEXT\n\n"
void append_comment(std::string& out, std::string_view text);

}  // namespace sse
