// The border check for whatever is sent back to the relay in a header or a path.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace discovery {

inline constexpr std::size_t id_size_max = 64;
inline constexpr std::size_t nonce_size_min = 16;
inline constexpr std::size_t nonce_size_max = 128;

struct SizeRange {
    std::size_t least = 0;
    std::size_t most = 0;
};

// Only [A-Za-z0-9_-]: nothing that could end a header, start a query or climb a path.
[[nodiscard]] inline bool is_token(std::string_view text, SizeRange size) {
    const auto safe = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    return text.size() >= size.least && text.size() <= size.most && std::all_of(text.begin(), text.end(), safe);
}

[[nodiscard]] inline bool is_id(std::string_view text) {
    return is_token(text, {1, id_size_max});
}

}  // namespace discovery
