#include "sse/reader.h"

#include <utility>

namespace sse {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool ends_line(char c) {
    return c == '\n' || c == '\r';
}

std::size_t find_line_end(std::string_view text, std::size_t from) {
    while (from < text.size() && !ends_line(text[from])) ++from;
    return from;
}

struct Field {
    std::string_view name;  // empty for a comment or a blank line
    std::string_view value;
};

Field field_of(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return {line, {}};
    std::string_view value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    return {line.substr(0, colon), value};
}

bool makes_event(const Field& field) {
    return field.name == "data" || (field.name == "event" && !field.value.empty());
}

Event parse_event(std::string_view raw) {
    Event event;
    bool has_data = false;
    for (std::size_t at = 0; at < raw.size();) {
        const std::size_t end = find_line_end(raw, at);
        const Field field = field_of(raw.substr(at, end - at));
        if (field.name == "event") {
            event.type = field.value;
        } else if (field.name == "data") {
            if (std::exchange(has_data, true)) event.data += '\n';
            event.data += field.value;
        }
        at = end + 1;  // the LF of a CRLF then counts as a blank line, which says nothing here
    }
    event.raw = raw;
    return event;
}

}  // namespace

base::Result<void> Reader::feed(std::string_view bytes) {
    if (!broken_) {
        drop_consumed();
        buffer_ += bytes;
        scan();
    }
    if (broken_) return base::fail(base::ErrorKind::upstream_broken, "an event of the stream is larger than the limit");
    return {};
}

std::optional<Event> Reader::next() {
    if (ends_.empty()) return std::nullopt;
    const std::size_t end = ends_.front();
    ends_.pop_front();
    const std::string_view raw = std::string_view(buffer_).substr(begin_, end - begin_);
    begin_ = end;
    return parse_event(raw);
}

bool Reader::mid_event() const {
    return has_event_ || buffer_.find_first_not_of(" \t", line_) != std::string::npos;
}

void Reader::finish() {
    if (broken_ || !started_) return;
    buffer_ += "\n\n";  // enough for any ending; what was too much stays behind as a blank line
    scan();
}

void Reader::scan() {
    const std::string_view text = buffer_;
    if (!started_) {
        if (text.size() < byte_order_mark.size() && byte_order_mark.starts_with(text)) return;
        if (text.starts_with(byte_order_mark)) begin_ = last_end_ = line_ = scanned_ = byte_order_mark.size();
        started_ = true;
    }
    if (after_cr_ && scanned_ < text.size()) {
        after_cr_ = false;
        if (text[scanned_] == '\n') line_ = ++scanned_;
    }
    for (;;) {
        scanned_ = find_line_end(text, scanned_);
        if (scanned_ == text.size()) break;
        const std::string_view line = text.substr(line_, scanned_ - line_);
        after_cr_ = text[scanned_++] == '\r';
        if (after_cr_ && scanned_ < text.size()) {
            after_cr_ = false;
            if (text[scanned_] == '\n') ++scanned_;
        }
        end_line(line);
    }
    broken_ = broken_ || text.size() - last_end_ > event_size_max_;
}

// The line ended just before scanned_.
void Reader::end_line(std::string_view line) {
    line_ = scanned_;
    if (!line.empty()) {
        has_event_ = has_event_ || makes_event(field_of(line));
    } else if (has_event_) {
        broken_ = broken_ || scanned_ - last_end_ > event_size_max_;
        if (!broken_) ends_.push_back(scanned_);
        last_end_ = scanned_;
        has_event_ = false;
    }
}

// Amortised: what is moved is never more than what was given out.
void Reader::drop_consumed() {
    if (!ends_.empty() || begin_ < buffer_.size() - begin_) return;
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    line_ -= begin_;
    begin_ = last_end_ = 0;
}

void append_event(std::string& out, std::string_view type, std::string_view data) {
    if (!type.empty()) out.append("event: ").append(type).append("\n");
    out.append("data: ").append(data).append("\n\n");
}

void append_comment(std::string& out, std::string_view text) {
    out.append(": ").append(text).append("\n\n");
}

}  // namespace sse
