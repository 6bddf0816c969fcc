// README.md shows the options' table as options.cpp has it. To write it anew after a change of an option:
//
//     E2EE_UPDATE_README=1 build/unit_options --gtest_filter='readme.*'
#include "options.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace {

constexpr std::string_view begin_mark = "<!-- options:begin -->\n";
constexpr std::string_view end_mark = "<!-- options:end -->";

const std::string path = std::string(E2EE_SOURCE_DIR) + "/README.md";

std::string read_file() {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(readme, shows_the_table_of_options_as_it_is) {
    std::string readme = read_file();
    const std::size_t mark = readme.find(begin_mark);
    ASSERT_NE(mark, std::string::npos) << path << " has no line " << begin_mark;
    const std::size_t begin = mark + begin_mark.size();
    const std::size_t end = readme.find(end_mark, begin);
    ASSERT_NE(end, std::string::npos) << path << " has no line " << end_mark;
    if (std::getenv("E2EE_UPDATE_README") != nullptr) {
        readme.replace(begin, end - begin, options_table());
        std::ofstream(path, std::ios::binary) << readme;
        return;
    }
    EXPECT_EQ(readme.substr(begin, end - begin), options_table())
        << "write it anew: E2EE_UPDATE_README=1 build/unit_options --gtest_filter='readme.*'";
}

}  // namespace
