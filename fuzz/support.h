// What the fuzz targets share. A target reads its first bytes as choices and the rest as what somebody on the outside wrote.
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

// A law that does not hold is a finding.
inline void require(bool holds, const char* law) {
    if (holds) return;
    std::fprintf(stderr, "broken law: %s\n", law);
    std::abort();
}

// Taken from the front; when nothing is left, zeros and empty texts.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : rest_(base::as_text({data, size})) {}

    [[nodiscard]] bool empty() const { return rest_.empty(); }
    [[nodiscard]] std::uint8_t byte() {
        const std::string_view taken = text(1);
        return taken.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(taken.front());
    }
    [[nodiscard]] std::size_t number(std::size_t below) {
        const std::size_t high = byte();
        return (high << 8 | byte()) % below;
    }
    [[nodiscard]] std::string_view text(std::size_t size) {
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(taken.size());
        return taken;
    }
    // Up to a byte that no UTF-8 text holds, which is dropped, or to the end.
    [[nodiscard]] std::string_view part() {
        const std::string_view taken = text(rest_.find('\xff'));
        (void)text(1);
        return taken;
    }
    [[nodiscard]] std::string_view rest() { return text(rest_.size()); }

private:
    std::string_view rest_;
};

// The text in pieces whose sizes follow from `choice`: 0 is single bytes, small ones small pieces.
inline std::vector<std::string_view> pieces(std::string_view text, std::uint8_t choice) {
    std::vector<std::string_view> cut;
    std::uint32_t state = choice;
    while (!text.empty()) {
        state = state * 1664525U + 1013904223U;
        const std::size_t size = choice == 0 ? 1 : 1 + (state >> 16) % choice;
        cut.push_back(text.substr(0, size));
        text.remove_prefix(cut.back().size());
    }
    return cut;
}

}  // namespace fuzz
