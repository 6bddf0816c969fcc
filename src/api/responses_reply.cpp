#include "api/responses_reply.h"

#include "api/error_reply.h"
#include "api/reasoning_token.h"
#include "sse/reader.h"

#include <utility>

namespace api {

namespace {

// How an item of running text shows its one part.
struct PartNames {
    const char* part_type;
    const char* index;
    const char* part_added;
    const char* delta;
    const char* done;
    const char* part_done;
    bool logprobs;
};

constexpr PartNames message_part{"output_text",
                                 "content_index",
                                 "response.content_part.added",
                                 "response.output_text.delta",
                                 "response.output_text.done",
                                 "response.content_part.done",
                                 true};
constexpr PartNames raw_reasoning_part{"reasoning_text",
                                       "content_index",
                                       "response.content_part.added",
                                       "response.reasoning_text.delta",
                                       "response.reasoning_text.done",
                                       "response.content_part.done",
                                       false};
constexpr PartNames summary_part{"summary_text",
                                 "summary_index",
                                 "response.reasoning_summary_part.added",
                                 "response.reasoning_summary_text.delta",
                                 "response.reasoning_summary_text.done",
                                 "response.reasoning_summary_part.done",
                                 false};

const PartNames& part_of(SegmentKind kind, const ReplyContext& context) {
    if (kind == SegmentKind::text) return message_part;
    return context.reasoning_summary ? summary_part : raw_reasoning_part;
}

// How a tool call's item is named.
struct CallNames {
    const char* item_type;
    const char* id_prefix;
};

CallNames call_names(ToolKind kind) {
    switch (kind) {
        case ToolKind::function:
            break;
        case ToolKind::custom:
            return {"custom_tool_call", "ctc_"};
        case ToolKind::tool_search:
            return {"tool_search_call", "tsc_"};
    }
    return {"function_call", "fc_"};
}

std::string part_object(const PartNames& names, std::string_view text) {
    json::Writer part;
    part.begin_object().member("type", names.part_type).member("text", text);
    if (names.logprobs) part.member_raw("annotations", "[]").member_raw("logprobs", "[]");
    return part.end_object().take();
}

// The input of a custom tool: the model was told to write {"input": "…"}; whatever else it wrote is taken as it is.
std::string custom_input(std::string_view arguments, std::string_view unusable) {
    const std::string_view written = arguments.empty() ? unusable : arguments;
    if (const auto parsed = json::parse(written)) {
        const json::Value root = parsed->root();
        if (const auto input = root["input"].as_string()) return std::string(*input);
        if (const auto text = root.as_string()) return std::string(*text);
    }
    return std::string(written);
}

// `arguments` where the API wants an object.
std::string object_or_empty(std::string_view arguments) {
    const auto parsed = json::parse(arguments);
    return parsed && parsed->root().is(json::Kind::object) ? parsed->root().dump() : "{}";
}

void write_usage(json::Writer& out, const std::optional<Usage>& usage) {
    out.key("usage");
    if (!usage) {
        out.null();
        return;
    }
    out.begin_object().member_integer("input_tokens", usage->prompt);
    out.key("input_tokens_details").begin_object().member_integer("cached_tokens", usage->cached).end_object();
    out.member_integer("output_tokens", usage->completion);
    out.key("output_tokens_details").begin_object().member_integer("reasoning_tokens", usage->reasoning).end_object();
    out.member_integer("total_tokens", usage->total).end_object();
}

}  // namespace

ResponsesEvents::ResponsesEvents(const ReplyContext& context, ReplyStamp stamp) : context_(context), stamp_(std::move(stamp)) {}

void ResponsesEvents::begin(const std::optional<Usage>&) {
    begun_ = true;
    const std::string response = response_object({.status = "in_progress"});
    for (const char* type : {"response.created", "response.in_progress"}) {
        json::Writer event = event_of(type);
        event.member_raw("response", response);
        send(type, event);
    }
}

void ResponsesEvents::open(const SegmentStart& start) {
    item_ = {.kind = start.kind, .id = {}, .call_id = std::string(start.call_id), .tool = {}, .text = {}};
    const char* prefix = start.kind == SegmentKind::text ? "msg_" : "rs_";
    if (start.kind == SegmentKind::tool) {
        const auto known = context_.tools.find(start.tool_name);
        item_.tool = known != context_.tools.end()
                         ? known->second
                         : ToolOrigin{.kind = ToolKind::function, .name = std::string(start.tool_name), .name_space = {}};
        prefix = call_names(item_.tool.kind).id_prefix;
    }
    item_.id = prefix + stamp_.random + std::to_string(output_index_);

    json::Writer event = event_of("response.output_item.added");
    event.member_integer("output_index", output_index_).member_raw("item", item_object("in_progress"));
    send("response.output_item.added", event);
    if (start.kind != SegmentKind::tool) send_part(part_of(start.kind, context_).part_added, "");
}

void ResponsesEvents::add(std::string_view piece) {
    item_.text += piece;
    // A custom tool's input stands inside the arguments, a search's arguments are an object: both are known at the end.
    if (item_.kind != SegmentKind::tool || item_.tool.kind == ToolKind::function) send_delta(piece);
}

void ResponsesEvents::close(const SegmentEnd& end) {
    // Clients run a call when its item is done. One that was cut off within its JSON cannot be run and is shown as it is; but
    // half a patch, or arguments that we would have to make up, could be.
    const bool cut_call =
        end.cut && item_.kind == SegmentKind::tool && (item_.tool.kind != ToolKind::function || item_.text.empty());
    if (cut_call && item_.tool.kind == ToolKind::custom) item_.text.clear();  // half a wrapper is no input
    if (!cut_call) item_.kind == SegmentKind::tool ? close_call(end) : close_part();
    const std::string item = item_object(end.cut ? "incomplete" : "completed");
    if (!cut_call) {
        json::Writer event = event_of("response.output_item.done");
        event.member_integer("output_index", output_index_).member_raw("item", item);
        send("response.output_item.done", event);
    }
    if (!output_.empty()) output_ += ',';
    output_ += item;
    ++output_index_;
}

void ResponsesEvents::close_part() {
    const PartNames& names = part_of(item_.kind, context_);
    json::Writer event = event_in_item(names.done);
    event.member_integer(names.index, 0).member("text", item_.text);
    if (names.logprobs) event.member_raw("logprobs", "[]");
    send(names.done, event);
    send_part(names.part_done, item_.text);
}

void ResponsesEvents::close_call(const SegmentEnd& end) {
    switch (item_.tool.kind) {
        case ToolKind::function: {
            if (item_.text.empty()) add("{}");
            json::Writer event = event_in_item("response.function_call_arguments.done");
            event.member("name", item_.tool.name).member("arguments", item_.text);
            send("response.function_call_arguments.done", event);
            break;
        }
        case ToolKind::custom: {
            item_.text = custom_input(item_.text, end.unusable_arguments);
            if (!item_.text.empty()) send_delta(item_.text);
            json::Writer event = event_in_item("response.custom_tool_call_input.done");
            event.member("input", item_.text);
            send("response.custom_tool_call_input.done", event);
            break;
        }
        case ToolKind::tool_search:
            break;
    }
}

void ResponsesEvents::end(const ReplyEnd& end) {
    if (end.ending != Ending::complete) {
        const bool too_long = end.ending == Ending::length;
        finish("response.incomplete",
               {.status = "incomplete",
                .incomplete_details = too_long ? R"({"reason":"max_output_tokens"})" : R"({"reason":"content_filter"})",
                .usage = end.usage});
    } else {
        finish("response.completed", {.status = "completed", .usage = end.usage});
    }
}

std::string ResponsesEvents::fail(const Failure& failure) {
    if (!begun_) begin(std::nullopt);
    finish("response.failed", {.status = "failed", .error = responses_error(failure)});
    return take();
}

std::string ResponsesEvents::keepalive() const {
    std::string out;
    sse::append_comment(out, "keep-alive");
    return out;
}

void ResponsesEvents::finish(const char* type, const Outcome& outcome) {
    response_ = response_object(outcome);
    json::Writer event = event_of(type);
    event.member_raw("response", response_);
    send(type, event);
}

json::Writer ResponsesEvents::event_of(std::string_view type) {
    json::Writer event;
    event.begin_object().member("type", type).member_integer("sequence_number", sequence_++);
    return event;
}

json::Writer ResponsesEvents::event_in_item(std::string_view type) {
    json::Writer event = event_of(type);
    event.member("item_id", item_.id).member_integer("output_index", output_index_);
    return event;
}

void ResponsesEvents::send(std::string_view type, json::Writer& event) {
    sse::append_event(out_, type, event.end_object().text());
}

void ResponsesEvents::send_delta(std::string_view piece) {
    if (item_.kind == SegmentKind::tool) {
        const char* type = item_.tool.kind == ToolKind::custom ? "response.custom_tool_call_input.delta"
                                                               : "response.function_call_arguments.delta";
        json::Writer event = event_in_item(type);
        event.member("delta", piece);
        send(type, event);
        return;
    }
    const PartNames& names = part_of(item_.kind, context_);
    json::Writer event = event_in_item(names.delta);
    event.member_integer(names.index, 0).member("delta", piece);
    if (names.logprobs) event.member_raw("logprobs", "[]");
    send(names.delta, event);
}

void ResponsesEvents::send_part(std::string_view type, std::string_view text) {
    const PartNames& names = part_of(item_.kind, context_);
    json::Writer event = event_in_item(type);
    event.member_integer(names.index, 0).member_raw("part", part_object(names, text));
    send(type, event);
}

std::string ResponsesEvents::item_object(std::string_view status) const {
    json::Writer item;
    item.begin_object();
    item_.kind == SegmentKind::tool ? write_call_item(item) : write_text_item(item, status != "in_progress");
    return item.member("status", status).end_object().take();
}

// A message or reasoning; empty lists until it is `filled`.
void ResponsesEvents::write_text_item(json::Writer& out, bool filled) const {
    const std::string part = filled ? "[" + part_object(part_of(item_.kind, context_), item_.text) + "]" : "[]";
    if (item_.kind == SegmentKind::text) {
        out.member("type", "message").member("id", item_.id).member("role", "assistant").member_raw("content", part);
        return;
    }
    out.member("type", "reasoning").member("id", item_.id);
    out.member_raw("summary", context_.reasoning_summary ? std::string_view(part) : "[]");
    if (!filled) return;
    if (!context_.reasoning_summary) out.member_raw("content", part);
    if (context_.encrypted_reasoning) out.member("encrypted_content", encode_reasoning(item_.text));
}

void ResponsesEvents::write_call_item(json::Writer& out) const {
    out.member("type", call_names(item_.tool.kind).item_type).member("id", item_.id).member("call_id", item_.call_id);
    if (item_.tool.kind == ToolKind::tool_search) {
        out.member("execution", "client").member_raw("arguments", object_or_empty(item_.text));
        return;
    }
    out.member("name", item_.tool.name);
    if (!item_.tool.name_space.empty()) out.member("namespace", item_.tool.name_space);
    out.member(item_.tool.kind == ToolKind::custom ? "input" : "arguments", item_.text);
}

std::string ResponsesEvents::response_object(const Outcome& outcome) const {
    json::Writer out;
    out.begin_object().member("id", "resp_" + stamp_.random).member("object", "response");
    out.member_integer("created_at", stamp_.created_at).member("status", outcome.status).member_boolean("background", false);
    out.member_raw("error", outcome.error).member_raw("incomplete_details", outcome.incomplete_details);
    out.member("model", context_.model).member_raw("output", "[" + output_ + "]");
    write_usage(out, outcome.usage);
    for (const EchoMember& echo : context_.echo) out.member_raw(echo.name, echo.json);
    return out.end_object().take();
}

}  // namespace api
