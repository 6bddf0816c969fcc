// Heads of HTTP messages (RFC 9110 §6): ordered headers, request head, response head.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace net {

struct Header {
    std::string name;
    std::string value;

    friend bool operator==(const Header&, const Header&) = default;
};

// Equality of header names and tokens: ASCII letters regardless of case.
[[nodiscard]] bool same_token(std::string_view left, std::string_view right);

// Headers in the order in which they came. Names compare without case.
class Headers {
public:
    Headers() = default;
    Headers(std::initializer_list<Header> headers);

    // The first value of that name. The view dies with the next change of this object.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
    [[nodiscard]] std::size_t count(std::string_view name) const;
    [[nodiscard]] bool contains(std::string_view name) const { return find(name).has_value(); }

    // A name that is no token or a value with CR, LF, NUL or another control character throws std::invalid_argument: what
    // comes from outside is checked at the border, so this is a bug, and it must never become a second header.
    void add(std::string name, std::string value);
    // Replaces all headers of that name.
    void set(std::string name, std::string value);
    void erase(std::string_view name);

    [[nodiscard]] auto begin() const { return headers_.begin(); }
    [[nodiscard]] auto end() const { return headers_.end(); }
    [[nodiscard]] std::size_t size() const { return headers_.size(); }
    [[nodiscard]] bool empty() const { return headers_.empty(); }

    friend bool operator==(const Headers&, const Headers&) = default;

private:
    std::vector<Header> headers_;
};

struct RequestHead {
    std::string method;
    std::string target;  // always in origin form ("/v1/models?x=1"), or "*" for OPTIONS; an absolute target was taken apart
    Headers headers;     // exactly one valid Host in HTTP/1.1
};

// Content-Length, Transfer-Encoding, Connection and Date are added by the connection that sends the head; values given by
// the caller are ignored.
struct ResponseHead {
    unsigned status = 200;
    Headers headers;
};

}  // namespace net
