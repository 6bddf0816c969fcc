#include "api/chat_body.h"

#include "api/thinking.h"

namespace api {

void copy_number(json::Writer& writer, const Fields& from, std::string_view name) {
    if (const json::Value number = from.number(name); number.present()) writer.member_value(name, number);
}

void write_stream(json::Writer& writer) {
    writer.member_boolean("stream", true);
    writer.member_raw("stream_options", R"({"include_usage":true,"continuous_usage_stats":true})");
}

void write_response_format(json::Writer& writer, const JsonSchemaFormat& format) {
    writer.key("response_format").begin_object().member("type", "json_schema").key("json_schema").begin_object();
    writer.member("name", format.name);
    if (format.description) writer.member("description", *format.description);
    writer.member_value("schema", format.schema);
    if (format.strict) writer.member_boolean("strict", *format.strict);
    writer.end_object().end_object();
}

std::optional<std::string_view> effort_in(const Fields& from, std::string_view name) {
    const auto asked = from.text(name);
    if (!asked) return std::nullopt;
    const auto effort = reasoning_effort(*asked);
    if (!effort) from.fault(name, "must be an effort such as low, medium or high");
    return effort;
}

std::vector<std::string_view> texts_in(const Fields& from, std::string_view name) {
    std::vector<std::string_view> texts;
    for (const json::Value element : from.list(name).elements()) {
        if (const auto text = element.as_string()) {
            texts.push_back(*text);
        } else {
            from.fault(name, "must be a list of strings");
        }
    }
    return texts;
}

}  // namespace api
