#include "base/base64.h"

#include <gtest/gtest.h>

namespace {

using base::as_bytes;
using base::as_text;
using base::base64_decode;
using base::base64_encode;

struct Pair {
    const char* plain;
    const char* encoded;
};

// RFC 4648 §10.
constexpr Pair rfc4648[] = {{"", ""},
                            {"f", "Zg=="},
                            {"fo", "Zm8="},
                            {"foo", "Zm9v"},
                            {"foob", "Zm9vYg=="},
                            {"fooba", "Zm9vYmE="},
                            {"foobar", "Zm9vYmFy"}};

TEST(base64, writes_and_reads_the_vectors_of_rfc_4648) {
    for (const auto& [plain, encoded] : rfc4648) {
        EXPECT_EQ(base64_encode(as_bytes(plain)), encoded);
        const auto decoded = base64_decode(encoded);
        ASSERT_TRUE(decoded) << encoded;
        EXPECT_EQ(as_text(*decoded), plain);
    }
}

TEST(base64, refuses_whatever_it_would_not_write_itself) {
    for (const char* text :
         {"Zg", "Zg=", "Zg===", "=Zg=", "Zh==", "Zm9=", "Zm 9", "Zm9v\n", "Zm-_", "====", "Z===", "Zg==Zg=="}) {
        EXPECT_FALSE(base64_decode(text)) << text;
    }
}

TEST(base64, round_trips_every_byte_value) {
    base::Bytes all;
    for (int i = 0; i < 256; ++i) all.push_back(static_cast<std::uint8_t>(i));
    EXPECT_EQ(base64_decode(base64_encode(all)), all);
}

}  // namespace
