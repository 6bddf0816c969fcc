#include "api/messages_reply.h"

#include "api/error_reply.h"
#include "sse/reader.h"

#include <algorithm>

namespace api {

namespace {

// Claude's API signs thinking; ours cannot be, and is ignored when it comes back. Clients only need it to be there.
constexpr std::string_view signature = "e2ee-proxy";

void write_usage(json::Writer& out, const std::optional<Usage>& usage, std::int64_t output_tokens) {
    const Usage counts = usage.value_or(Usage{});
    out.key("usage").begin_object();
    out.member_integer("input_tokens", counts.prompt - counts.cached);
    out.member_integer("cache_creation_input_tokens", 0);
    out.member_integer("cache_read_input_tokens", counts.cached);
    out.member_integer("output_tokens", output_tokens).end_object();
}

struct Stop {
    std::string_view reason;
    std::string_view sequence;  // empty: null
};

// stop_reason: the first that fits.
Stop stop_of(const ReplyEnd& end, const std::vector<std::string>& stop_sequences) {
    if (end.ending == Ending::length) return {"max_tokens", {}};
    if (end.ending == Ending::filter) return {"refusal", {}};
    if (end.tool_called) return {"tool_use", {}};
    if (!end.stop_text.empty() && std::ranges::find(stop_sequences, end.stop_text) != stop_sequences.end())
        return {"stop_sequence", end.stop_text};
    return {"end_turn", {}};
}

void write_stop(json::Writer& out, const Stop& stop) {
    stop.reason.empty() ? out.member_null("stop_reason") : out.member("stop_reason", stop.reason);
    stop.sequence.empty() ? out.member_null("stop_sequence") : out.member("stop_sequence", stop.sequence);
}

struct Envelope {
    std::string_view id;
    std::string_view model;
    std::string_view content = "[]";
    Stop stop;
};

// The message up to its usage; the caller ends the object.
void write_envelope(json::Writer& out, const Envelope& envelope) {
    out.begin_object().member("id", envelope.id).member("type", "message").member("role", "assistant");
    out.member("model", envelope.model).member_raw("content", envelope.content);
    write_stop(out, envelope.stop);
}

json::Writer event_of(const char* type) {
    json::Writer event;
    event.begin_object().member("type", type);
    return event;
}

void finish_event(std::string& out, const char* type, json::Writer& event) {
    sse::append_event(out, type, event.end_object().text());
}

}  // namespace

void MessagesEvents::begin(const std::optional<Usage>& usage) {
    json::Writer event = event_of("message_start");
    event.key("message");
    write_envelope(event, {.id = id_, .model = context_.model, .stop = {}});
    write_usage(event, usage, 0);
    event.end_object();
    finish_event(out_, "message_start", event);
}

void MessagesEvents::open(const SegmentStart& start) {
    open_ = start.kind;
    json::Writer event = event_of("content_block_start");
    event.member_integer("index", index_).key("content_block").begin_object();
    switch (start.kind) {
        case SegmentKind::reasoning:
            event.member("type", "thinking").member("thinking", "").member("signature", "");
            break;
        case SegmentKind::text:
            event.member("type", "text").member("text", "");
            break;
        case SegmentKind::tool:
            event.member("type", "tool_use")
                .member("id", start.call_id)
                .member("name", start.tool_name)
                .member_raw("input", "{}");
            break;
    }
    event.end_object();
    finish_event(out_, "content_block_start", event);
}

void MessagesEvents::add(std::string_view piece) {
    switch (open_) {
        case SegmentKind::reasoning:
            delta("thinking_delta", "thinking", piece);
            break;
        case SegmentKind::text:
            delta("text_delta", "text", piece);
            break;
        case SegmentKind::tool:
            delta("input_json_delta", "partial_json", piece);
            break;
    }
}

void MessagesEvents::delta(std::string_view type, std::string_view member, std::string_view text) {
    json::Writer event = event_of("content_block_delta");
    event.member_integer("index", index_).key("delta").begin_object().member("type", type).member(member, text).end_object();
    finish_event(out_, "content_block_delta", event);
}

void MessagesEvents::close(const SegmentEnd&) {
    if (open_ == SegmentKind::reasoning) delta("signature_delta", "signature", signature);
    json::Writer event = event_of("content_block_stop");
    event.member_integer("index", index_++);
    finish_event(out_, "content_block_stop", event);
}

void MessagesEvents::end(const ReplyEnd& end) {
    json::Writer event = event_of("message_delta");
    event.key("delta").begin_object();
    write_stop(event, stop_of(end, context_.stop_sequences));
    event.end_object();
    write_usage(event, end.usage, end.usage ? end.usage->completion : 0);
    finish_event(out_, "message_delta", event);
    json::Writer last = event_of("message_stop");
    finish_event(out_, "message_stop", last);
}

std::string MessagesEvents::fail(const Failure& failure) {
    std::string out;
    sse::append_event(out, "error", error_body(Dialect::messages, failure, ""));
    return out;
}

std::string MessagesEvents::keepalive() const {
    std::string out;
    json::Writer event = event_of("ping");
    finish_event(out, "ping", event);
    return out;
}

void WholeMessage::open(const SegmentStart& start) {
    open_ = start.kind;
    text_.clear();
    content_.begin_object();
    if (start.kind == SegmentKind::tool)
        content_.member("type", "tool_use").member("id", start.call_id).member("name", start.tool_name);
}

void WholeMessage::close(const SegmentEnd&) {
    switch (open_) {
        case SegmentKind::reasoning:
            content_.member("type", "thinking").member("thinking", text_).member("signature", signature);
            break;
        case SegmentKind::text:
            content_.member("type", "text").member("text", text_);
            break;
        case SegmentKind::tool: {
            const auto input = json::parse(text_);
            input ? content_.member_value("input", input->root()) : content_.member_raw("input", "{}");
            break;
        }
    }
    content_.end_object();
}

void WholeMessage::end(const ReplyEnd& end) {
    content_.end_array();
    const Stop stop = stop_of(end, context_.stop_sequences);
    write_envelope(message_, {.id = id_, .model = context_.model, .content = content_.text(), .stop = stop});
    write_usage(message_, end.usage, end.usage ? end.usage->completion : 0);
    message_.end_object();
}

}  // namespace api
