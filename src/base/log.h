// A log of what happened, never of what was said: callers pass names, sizes, counts and durations. Text or JSON lines. The
// sink is given by the edge (main writes to standard error, tests collect).
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace base {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogFormat : std::uint8_t { text, json };

struct LogField {
    std::string_view name;
    std::variant<std::string_view, std::int64_t> value;
};

class Log {
public:
    // Gets one finished line without its end. Called from any thread.
    using Sink = std::function<void(std::string_view line)>;
    // Text of the current time, e.g. "2026-01-31T12:00:00.123Z".
    using Clock = std::function<std::string()>;

    struct Settings {
        LogLevel level = LogLevel::info;
        LogFormat format = LogFormat::text;
        Sink sink;
        Clock clock;
    };

    explicit Log(Settings settings);

    void debug(std::string_view event, std::initializer_list<LogField> fields = {}) const {
        write(LogLevel::debug, event, fields);
    }
    void info(std::string_view event, std::initializer_list<LogField> fields = {}) const {
        write(LogLevel::info, event, fields);
    }
    void warning(std::string_view event, std::initializer_list<LogField> fields = {}) const {
        write(LogLevel::warning, event, fields);
    }
    void error(std::string_view event, std::initializer_list<LogField> fields = {}) const {
        write(LogLevel::error, event, fields);
    }

private:
    void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const;

    Settings settings_;
};

}  // namespace base
