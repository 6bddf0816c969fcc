// Bytes written as hexadecimal, as test vectors do.
#pragma once

#include "base/bytes.h"

#include <stdexcept>
#include <string>
#include <string_view>

namespace support {

inline std::uint8_t hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
    throw std::invalid_argument("not a hexadecimal digit");
}

// Digits only, but spaces between bytes are passed over.
inline base::Bytes from_hex(std::string_view text) {
    base::Bytes out;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] == ' ') {
            ++i;
            continue;
        }
        if (i + 1 == text.size()) throw std::invalid_argument("an odd number of hexadecimal digits");
        out.push_back(static_cast<std::uint8_t>(hex_digit(text[i]) << 4 | hex_digit(text[i + 1])));
        i += 2;
    }
    return out;
}

inline std::string to_hex(base::ByteView bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const std::uint8_t byte : bytes) out += {digits[byte >> 4], digits[byte & 15]};
    return out;
}

}  // namespace support
