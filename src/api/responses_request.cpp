#include "api/responses_request.h"

#include "api/chat_body.h"
#include "api/conversation.h"
#include "api/responses_items.h"
#include "api/responses_tools.h"

#include <algorithm>
#include <array>
#include <utility>

namespace api {
namespace {

// What only a server that stores can do.
void refuse_unsupported(const Fields& request) {
    if (const auto id = request.text("previous_response_id")) {
        std::string message = "Previous response with id '";
        message.append(excerpt(*id)).append("' not found.");
        request.faults().report({400, std::move(message), "previous_response_id", "previous_response_not_found"});
    }
    const auto unsupported = [&](std::string_view name) {
        std::string message = "'";
        message.append(name).append("' is not supported by this proxy.");
        request.faults().report({400, std::move(message), std::string(name), "unsupported_parameter"});
    };
    for (const std::string_view name : {"conversation", "prompt"}) {
        if (request.opaque(name).present()) unsupported(name);
    }
    if (request.flag("background").value_or(false)) unsupported("background");
}

std::string reasoning_echo(json::Value request) {
    json::Writer writer;
    writer.begin_object();
    for (const std::string_view name : {"effort", "summary"}) writer.member_value(name, request["reasoning"][name]);
    writer.end_object();
    return writer.take();
}

// What every Response object repeats of its request, in its order; an empty default stands for reasoning_echo().
std::vector<EchoMember> echo_of(const Fields& request) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 16> defaults = {{
        {"instructions", "null"},
        {"max_output_tokens", "null"},
        {"max_tool_calls", "null"},
        {"metadata", "{}"},
        {"parallel_tool_calls", "true"},
        {"previous_response_id", "null"},
        {"reasoning", ""},
        {"store", "false"},
        {"temperature", "1.0"},
        {"text", R"({"format":{"type":"text"}})"},
        {"tool_choice", R"("auto")"},
        {"tools", "[]"},
        {"top_logprobs", "0"},
        {"top_p", "1.0"},
        {"truncation", R"("disabled")"},
        {"user", "null"},
    }};
    std::vector<EchoMember> echo;
    echo.reserve(defaults.size());
    for (const auto& [name, value] : defaults) {
        const json::Value asked = request.opaque(name);
        if (value.empty()) {
            echo.push_back({name, reasoning_echo(request.value())});
        } else {
            echo.push_back({name, asked.present() ? asked.dump() : std::string(value)});
        }
    }
    return echo;
}

void write_sampling(json::Writer& writer, const Fields& request) {
    for (const std::string_view name : {"max_output_tokens", "max_tokens"}) {
        const json::Value limit = request.integer(name);
        if (!limit.present()) continue;
        writer.member_value("max_tokens", limit);
        break;
    }
    for (const std::string_view name : {"temperature", "top_p", "frequency_penalty", "presence_penalty", "seed"}) {
        copy_number(writer, request, name);
    }
    if (const json::Value stop = request.opaque("stop"); stop.present()) {
        const bool usable = stop.is(json::Kind::string) || stop.is(json::Kind::array);
        if (!usable) request.fault("stop", "must be a string or a list of strings");
        if (stop.is(json::Kind::array)) static_cast<void>(texts_in(request, "stop"));
        writer.member_value("stop", stop);
    }
    if (const auto top = request.integer("top_logprobs").as_integer(); top && *top > 0) {
        writer.member_boolean("logprobs", true).member_integer("top_logprobs", *top);
    }
    if (request.flag("stream").value_or(false)) write_stream(writer);
}

void write_format(json::Writer& writer, const Fields& request) {
    const Fields format = request.in("text").in("format");
    if (!format.present()) return;
    const std::string_view type = format.needed_name("type");
    if (type == "json_schema") {
        write_response_format(writer, {.name = format.needed_name("name"),
                                       .description = format.text("description"),
                                       .schema = format.needed_object("schema"),
                                       .strict = format.flag("strict")});
    } else if (type == "json_object") {
        writer.member_raw("response_format", R"({"type":"json_object"})");
    } else if (type != "text") {
        format.fault("type", "must be text, json_object or json_schema");
    }
}

// The effort to send; whether it says that the model shall think.
std::optional<bool> write_effort(json::Writer& writer, const Fields& request) {
    const Fields reasoning = request.in("reasoning");
    const bool flat = !reasoning.text("effort").has_value();
    const Fields& owner = flat ? request : reasoning;
    const std::string_view name = flat ? "reasoning_effort" : "effort";
    if (owner.text(name) == "none") return false;
    const auto effort = effort_in(owner, name);
    if (!effort) return std::nullopt;
    writer.member("reasoning_effort", *effort);
    return true;
}

}  // namespace

Translation translate_responses(const Fields& request) {
    refuse_unsupported(request);
    Conversation conversation;
    ResponsesTools tools;
    conversation.system(request.text("instructions").value_or(""));
    tools.add(request, ResponsesTools::Repeated::is_fault);
    read_items(request, conversation, tools);
    if (conversation.empty()) request.fault("input", "has nothing in it that could be sent to the model");

    Translation translation;
    ReplyContext& context = translation.context;
    json::Writer writer;
    writer.begin_object();
    conversation.write(writer.key("messages"));
    write_sampling(writer, request);
    const ToolSettings settings = tools.settings(request);
    write_tools(writer, tools.list(), settings, request.faults());
    write_format(writer, request);
    translation.thinking = write_effort(writer, request);
    writer.end_object();
    translation.members = writer.take();

    context.tools = tools.take_origins();
    context.reasoning_summary = request.in("reasoning").text("summary").has_value();
    context.encrypted_reasoning = std::ranges::count(texts_in(request, "include"), "reasoning.encrypted_content") > 0;
    context.echo = echo_of(request);
    return translation;
}

}  // namespace api
