#include "base/log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using base::Log;
using base::LogFormat;
using base::LogLevel;

std::vector<std::string> lines_of(LogFormat format, LogLevel level, std::string_view value) {
    std::vector<std::string> lines;
    const Log log({level, format, [&](std::string_view line) { lines.emplace_back(line); }, [] { return std::string("T"); }});
    log.debug("small");
    log.info("happened", {{"what", value}, {"count", std::int64_t{3}}});
    return lines;
}

TEST(log, writes_one_text_line_per_event_at_or_above_its_level) {
    EXPECT_EQ(lines_of(LogFormat::text, LogLevel::info, "x"), std::vector<std::string>{R"(T info happened what="x" count=3)"});
}

TEST(log, writes_json_lines) {
    EXPECT_EQ(lines_of(LogFormat::json, LogLevel::info, "x"),
              std::vector<std::string>{R"({"time":"T","level":"info","event":"happened","what":"x","count":3})"});
}

TEST(log, cannot_be_made_to_break_a_line_or_drive_a_terminal) {
    for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
        const auto lines = lines_of(format, LogLevel::info, "a\nb\x1b[2J\"\\");
        ASSERT_EQ(lines.size(), 1U);
        EXPECT_EQ(lines[0].find('\n'), std::string::npos);
        EXPECT_EQ(lines[0].find('\x1b'), std::string::npos);
        EXPECT_NE(lines[0].find(R"(a\u000ab\u001b[2J\"\\)"), std::string::npos);
    }
}

}  // namespace
