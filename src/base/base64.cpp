#include "base/base64.h"

#include <array>

namespace base {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t invalid = 0xFF;

constexpr std::array<std::uint8_t, 256> values = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(invalid);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
    return table;
}();

std::uint8_t value_of(char c) {
    return values[static_cast<std::uint8_t>(c)];
}

// The last group: two or three characters stand for one or two bytes, and the bits left over must be zero.
bool decode_tail(std::string_view group, Bytes& out) {
    const std::uint8_t a = value_of(group[0]);
    const std::uint8_t b = value_of(group[1]);
    if (a == invalid || b == invalid) return false;
    out.push_back(static_cast<std::uint8_t>(a << 2 | b >> 4));
    if (group[2] == '=') return (b & 0x0F) == 0;
    const std::uint8_t c = value_of(group[2]);
    if (c == invalid || (c & 0x03) != 0) return false;
    out.push_back(static_cast<std::uint8_t>(b << 4 | c >> 2));
    return true;
}

}  // namespace

std::string base64_encode(ByteView bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        const std::uint32_t group = std::uint32_t{bytes[i]} << 16 | std::uint32_t{bytes[i + 1]} << 8 | bytes[i + 2];
        out += {alphabet[group >> 18], alphabet[group >> 12 & 63], alphabet[group >> 6 & 63], alphabet[group & 63]};
    }
    const std::size_t left = bytes.size() - i;
    if (left == 1) {
        out += {alphabet[bytes[i] >> 2], alphabet[(bytes[i] & 3) << 4], '=', '='};
    } else if (left == 2) {
        out += {alphabet[bytes[i] >> 2], alphabet[(bytes[i] & 3) << 4 | bytes[i + 1] >> 4], alphabet[(bytes[i + 1] & 15) << 2],
                '='};
    }
    return out;
}

std::optional<Bytes> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    Bytes out;
    out.reserve(text.size() / 4 * 3);
    const bool padded = text.ends_with('=');
    const std::size_t whole = padded ? text.size() - 4 : text.size();
    for (std::size_t i = 0; i < whole; i += 4) {
        const std::uint8_t a = value_of(text[i]);
        const std::uint8_t b = value_of(text[i + 1]);
        const std::uint8_t c = value_of(text[i + 2]);
        const std::uint8_t d = value_of(text[i + 3]);
        if (a == invalid || b == invalid || c == invalid || d == invalid) return std::nullopt;
        out.push_back(static_cast<std::uint8_t>(a << 2 | b >> 4));
        out.push_back(static_cast<std::uint8_t>(b << 4 | c >> 2));
        out.push_back(static_cast<std::uint8_t>(c << 6 | d));
    }
    if (padded && !decode_tail(text.substr(whole), out)) return std::nullopt;
    return out;
}

}  // namespace base
