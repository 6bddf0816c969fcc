// Views of bytes, and a cursor that cuts them with bounds checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace base {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Takes bytes from the front of a view. A take that asks for more than is left answers nullopt and moves nothing.
class Cursor {
public:
    explicit Cursor(ByteView bytes) : rest_(bytes) {}

    [[nodiscard]] std::optional<ByteView> take(std::size_t count) {
        if (count > rest_.size()) return std::nullopt;
        const ByteView taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }
    [[nodiscard]] ByteView rest() const { return rest_; }

private:
    ByteView rest_;
};

}  // namespace base
