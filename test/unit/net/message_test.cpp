#include "net/message.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace {

using net::Headers;

TEST(headers, names_compare_without_case_and_order_is_kept) {
    Headers headers{{"B", "1"}, {"A", "2"}};
    headers.add("b", "3");
    EXPECT_EQ(headers.find("b"), "1");
    EXPECT_EQ(headers.count("B"), 2U);
    headers.set("B", "4");
    EXPECT_EQ(headers, (Headers{{"A", "2"}, {"B", "4"}}));
    headers.erase("a");
    EXPECT_FALSE(headers.contains("A"));
}

TEST(headers, a_value_can_never_become_a_second_header) {
    Headers headers;
    for (const std::string& value :
         {std::string("x\r\nEvil: 1"), std::string("x\ny"), std::string("x\ry"), std::string("x\0y", 3)}) {
        EXPECT_THROW(headers.add("Name", value), std::invalid_argument);
        EXPECT_THROW(headers.set("Name", value), std::invalid_argument);
    }
    EXPECT_THROW(headers.add("Na me", "x"), std::invalid_argument);
    EXPECT_THROW(headers.add("", "x"), std::invalid_argument);
    EXPECT_TRUE(headers.empty());
    headers.add("Name", "tab\tand \xC3\xA9 are fine");
    EXPECT_EQ(headers.size(), 1U);
}

}  // namespace
