#include "base/log.h"

#include <array>
#include <utility>

namespace base {
namespace {

constexpr std::array<std::string_view, 4> level_names = {"debug", "info", "warning", "error"};

// One quoted string, for both formats: control characters cannot break a line or a terminal.
void append_quoted(std::string& out, std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    out += '"';
    bool after_c2 = false;  // U+0080 to U+009F are controls as well: C2 80 to C2 9F in UTF-8
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool second_control = std::exchange(after_c2, byte == 0xC2) && byte >= 0x80 && byte <= 0x9F;
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (second_control) {
            out.back() = '?';
        } else if (byte < 0x20 || byte == 0x7F) {
            out += "\\u00";
            out += hex[byte >> 4];
            out += hex[byte & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_value(std::string& out, const LogField& field) {
    if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
        out += std::to_string(*number);
    } else {
        append_quoted(out, std::get<std::string_view>(field.value));
    }
}

std::string text_line(std::string_view time, std::string_view level, std::string_view event,
                      std::initializer_list<LogField> fields) {
    std::string line;
    line.append(time).append(" ").append(level).append(" ").append(event);
    for (const LogField& field : fields) {
        line.append(" ").append(field.name).append("=");
        append_value(line, field);
    }
    return line;
}

std::string json_line(std::string_view time, std::string_view level, std::string_view event,
                      std::initializer_list<LogField> fields) {
    std::string line = R"({"time":)";
    append_quoted(line, time);
    line.append(R"(,"level":)");
    append_quoted(line, level);
    line.append(R"(,"event":)");
    append_quoted(line, event);
    for (const LogField& field : fields) {
        line += ',';
        append_quoted(line, field.name);
        line += ':';
        append_value(line, field);
    }
    line += '}';
    return line;
}

}  // namespace

Log::Log(Settings settings) : settings_(std::move(settings)) {}

void Log::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const {
    if (level < settings_.level || !settings_.sink) return;
    const std::string time = settings_.clock ? settings_.clock() : std::string();
    const std::string_view name = level_names[static_cast<std::size_t>(level)];
    settings_.sink(settings_.format == LogFormat::json ? json_line(time, name, event, fields)
                                                       : text_line(time, name, event, fields));
}

}  // namespace base
