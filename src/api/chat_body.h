// The members of a chat completion that both translated dialects write in the same way.
#pragma once

#include "api/fields.h"
#include "json/json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace api {

// A number as the client wrote it, if it is there.
void copy_number(json::Writer& writer, const Fields& from, std::string_view name);

// A stream that reports usage with every chunk, so that a reply's first event can tell the size of the prompt.
void write_stream(json::Writer& writer);

struct JsonSchemaFormat {
    std::string_view name;
    std::optional<std::string_view> description = {};
    json::Value schema;
    std::optional<bool> strict = {};
};
void write_response_format(json::Writer& writer, const JsonSchemaFormat& format);

// The effort of that name clamped to what instances know; anything that is no effort is a fault.
[[nodiscard]] std::optional<std::string_view> effort_in(const Fields& from, std::string_view name);

// The strings of a list.
[[nodiscard]] std::vector<std::string_view> texts_in(const Fields& from, std::string_view name);

}  // namespace api
