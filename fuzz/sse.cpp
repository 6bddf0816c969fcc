// sse::Reader against the standard's own words, written down naively; and the same however the stream is split.
//   byte: limit of an event's size, 0 for none to speak of · byte: how to split · the stream
#include "sse/reader.h"
#include "support.h"

#include <utility>

namespace {

using fuzz::require;

struct Told {
    std::string type;
    std::string data;
    friend bool operator==(const Told&, const Told&) = default;
};

struct Heard {
    std::vector<Told> events;
    std::string bytes;  // raw of all events and what was left
    bool mid_event = false;
    bool broken = false;
};

void take(sse::Reader& reader, Heard& heard) {
    while (auto event = reader.next()) {
        heard.bytes += event->raw;
        heard.events.push_back({std::move(event->type), std::move(event->data)});
    }
}

Heard listen(const std::vector<std::string_view>& pieces, std::size_t event_size_max, bool finish) {
    sse::Reader reader(event_size_max);
    Heard heard;
    for (const std::string_view piece : pieces) {
        heard.broken = !reader.feed(piece).has_value();
        take(reader, heard);
        if (heard.broken) return heard;
    }
    heard.mid_event = reader.mid_event();
    if (finish) reader.finish();
    take(reader, heard);
    heard.bytes += reader.rest();
    return heard;
}

// Line by line, as WHATWG HTML §9.2.6 has it; but to be told, an event needs only a data line or one that names a type.
std::vector<Told> reference(std::string_view stream) {
    if (stream.starts_with("\xEF\xBB\xBF")) stream.remove_prefix(3);
    std::vector<Told> events;
    std::string line;
    Told event;
    bool has_data = false;
    bool named = false;
    bool after_cr = false;
    for (const char c : stream) {
        if (std::exchange(after_cr, c == '\r') && c == '\n') continue;
        if (c != '\r' && c != '\n') {
            line += c;
            continue;
        }
        if (line.empty()) {
            if (has_data || named) events.push_back(event);
            event = {};
            has_data = named = false;
        }
        const std::size_t colon = line.find(':');
        const std::string name = line.substr(0, colon);
        std::string value = colon == std::string::npos ? "" : line.substr(colon + 1);
        if (value.starts_with(' ')) value.erase(0, 1);
        if (name == "event") {
            event.type = value;
            named = named || !value.empty();
        }
        if (name == "data") event.data += (std::exchange(has_data, true) ? "\n" : "") + value;
        line.clear();
    }
    return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const std::uint8_t limit = input.byte();
    const std::uint8_t split = input.byte();
    const std::string_view stream = input.rest();
    const std::size_t event_size_max = limit == 0 ? stream.size() + 2 : limit;  // the end may add two line ends

    const Heard whole = listen({stream}, event_size_max, false);
    const Heard cut = listen(fuzz::pieces(stream, split), event_size_max, false);
    // The LF of a CRLF is part of the event if it comes with it: at the limit, that byte decides.
    if (limit == 0 || !stream.contains('\r')) {
        require(whole.broken == cut.broken, "whether an event is too large does not depend on how the stream is split");
        require(whole.events == cut.events, "events do not depend on how the stream is split");
    }
    if (limit != 0) return 0;
    require(!whole.broken, "no event is larger than the stream");
    const bool marked = stream.starts_with("\xEF\xBB\xBF");
    require(whole.bytes == stream.substr(marked ? 3 : 0) && whole.bytes == cut.bytes, "raw and rest are the stream itself");
    require(whole.mid_event == cut.mid_event, "whether an event is begun does not depend on how the stream is split");
    require(whole.events == reference(stream), "events are those of the standard");
    if (!std::string_view("\xEF\xBB\xBF").starts_with(stream)) {
        require(listen({stream}, event_size_max, true).events == reference(std::string(stream) + "\n\n"),
                "the end of the stream ends the last event");
    }
    return 0;
}
