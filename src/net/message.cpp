#include "net/message.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace net {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// RFC 9110 §5.6.2.
constexpr auto token_characters = [] {
    std::array<bool, 256> table{};
    constexpr std::string_view all = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (const char c : all) table[static_cast<unsigned char>(c)] = true;
    return table;
}();

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return token_characters[static_cast<unsigned char>(c)]; });
}

bool is_field_value(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 0x7f; });
}

}  // namespace

bool same_token(std::string_view left, std::string_view right) {
    return left.size() == right.size() && std::ranges::equal(left, right, [](char a, char b) { return lower(a) == lower(b); });
}

Headers::Headers(std::initializer_list<Header> headers) {
    headers_.reserve(headers.size());
    for (const auto& [name, value] : headers) add(name, value);
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
    for (const auto& header : headers_) {
        if (same_token(header.name, name)) return header.value;
    }
    return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(headers_, [&](const Header& header) { return same_token(header.name, name); }));
}

void Headers::add(std::string name, std::string value) {
    if (!is_token(name)) throw std::invalid_argument("a header name is not a token");
    if (!is_field_value(value)) throw std::invalid_argument("the value of header " + name + " has a control character");
    headers_.push_back({std::move(name), std::move(value)});
}

void Headers::set(std::string name, std::string value) {
    erase(name);
    add(std::move(name), std::move(value));
}

void Headers::erase(std::string_view name) {
    std::erase_if(headers_, [&](const Header& header) { return same_token(header.name, name); });
}

}  // namespace net
