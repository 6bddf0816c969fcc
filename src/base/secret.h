// Secrets are types: fixed size or text, move-only, wiped when they go, and without any way to be printed or compared.
#pragma once

#include <string.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace base {

// Overwrites memory in a way the compiler may not leave out.
inline void wipe(std::span<std::uint8_t> bytes) {
    if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
}

// N bytes of key material.
template <std::size_t N>
class Secret {
public:
    Secret() = default;
    explicit Secret(std::span<const std::uint8_t, N> bytes) { std::copy(bytes.begin(), bytes.end(), bytes_.begin()); }
    Secret(Secret&& other) noexcept : bytes_(other.bytes_) { other.clear(); }
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            bytes_ = other.bytes_;
            other.clear();
        }
        return *this;
    }
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret() { clear(); }

    // The bytes, for the library that needs them. Never copy them elsewhere.
    [[nodiscard]] std::span<const std::uint8_t, N> reveal() const { return bytes_; }
    [[nodiscard]] std::span<std::uint8_t, N> fill() { return bytes_; }

private:
    void clear() { wipe(bytes_); }

    std::array<std::uint8_t, N> bytes_{};
};

// A credential as text: an API key. Copies are made by name only.
class SecretText {
public:
    SecretText() = default;
    explicit SecretText(std::string_view text) : text_(text) {}
    SecretText(SecretText&& other) noexcept : text_(other.text_) { other.clear(); }
    SecretText& operator=(SecretText&& other) noexcept {
        if (this != &other) {
            clear();
            text_ = other.text_;
            other.clear();
        }
        return *this;
    }
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;
    ~SecretText() { clear(); }

    [[nodiscard]] SecretText clone() const { return SecretText(text_); }
    [[nodiscard]] std::string_view reveal() const { return text_; }
    [[nodiscard]] bool empty() const { return text_.empty(); }

private:
    void clear() {
        wipe({reinterpret_cast<std::uint8_t*>(text_.data()), text_.size()});
        text_.clear();
    }

    std::string text_;
};

}  // namespace base
