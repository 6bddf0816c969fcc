#include "json/json.h"

#include <string>

namespace json {

namespace {

constexpr bool must_escape(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void append_escape(std::string& out, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    switch (c) {
        case '"':
            out.append("\\\"");
            return;
        case '\\':
            out.append("\\\\");
            return;
        case '\b':
            out.append("\\b");
            return;
        case '\f':
            out.append("\\f");
            return;
        case '\n':
            out.append("\\n");
            return;
        case '\r':
            out.append("\\r");
            return;
        case '\t':
            out.append("\\t");
            return;
        default:
            out.append("\\u00");
            out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
            out.push_back(digits[static_cast<unsigned char>(c) & 15]);
    }
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
    out.push_back('"');
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!must_escape(text[i])) continue;
        out.append(text.substr(plain, i - plain));
        append_escape(out, text[i]);
        plain = i + 1;
    }
    out.append(text.substr(plain));
    out.push_back('"');
}

void Writer::separate() {
    if (comma_) out_.push_back(',');
    comma_ = true;
}

Writer& Writer::begin_object() {
    separate();
    out_.push_back('{');
    comma_ = false;
    return *this;
}

Writer& Writer::end_object() {
    out_.push_back('}');
    comma_ = true;
    return *this;
}

Writer& Writer::begin_array() {
    separate();
    out_.push_back('[');
    comma_ = false;
    return *this;
}

Writer& Writer::end_array() {
    out_.push_back(']');
    comma_ = true;
    return *this;
}

Writer& Writer::key(std::string_view name) {
    separate();
    append_string(out_, name);
    out_.push_back(':');
    comma_ = false;
    return *this;
}

Writer& Writer::string(std::string_view text) {
    separate();
    append_string(out_, text);
    return *this;
}

Writer& Writer::integer(std::int64_t value) {
    return raw(std::to_string(value));
}

Writer& Writer::boolean(bool value) {
    return raw(value ? "true" : "false");
}

Writer& Writer::null() {
    return raw("null");
}

Writer& Writer::raw(std::string_view json) {
    separate();
    out_.append(json);
    return *this;
}

Writer& Writer::value(Value value) {
    return raw(value.dump());
}

}  // namespace json
