#include "api/reasoning_token.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using api::decode_reasoning;
using api::encode_reasoning;

TEST(reasoning_token, what_was_encoded_decodes_to_the_same_text) {
    for (const std::string& text : {std::string(), std::string("abc"), std::string("a\0b\n", 4), std::string("žluťoučký 🐎")}) {
        EXPECT_EQ(decode_reasoning(encode_reasoning(text)), text);
    }
}

TEST(reasoning_token, the_form_is_the_prefix_and_base64) {
    EXPECT_EQ(encode_reasoning("abc"), "e2p1.YWJj");
}

TEST(reasoning_token, content_of_another_service_is_not_ours) {
    for (const char* foreign : {"", "gAAAAABo", "e2p1", "e2p2.YWJj", "e2p1.YWJ", "e2p1.YW Jj", "E2P1.YWJj", "e2p1.//5hYg=="}) {
        EXPECT_EQ(decode_reasoning(foreign), std::nullopt) << foreign;
    }
}

}  // namespace
