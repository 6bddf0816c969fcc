// Heads of HTTP/1.1 messages to bytes. What frames a message is decided by its sender, so such headers of the caller are
// left out.
#pragma once

#include "net/message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace net {

struct ResponseFraming {
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool close = false;       // Connection: close
    bool keep_alive = false;  // Connection: keep-alive, for HTTP/1.0 clients
};
[[nodiscard]] std::string write_response_head(const ResponseHead& head, const ResponseFraming& framing, std::string_view date);

struct RequestFraming {
    std::string_view host;
    std::optional<std::uint64_t> content_length;
};
[[nodiscard]] std::string write_request_head(std::string_view method, std::string_view target, const Headers& headers,
                                             const RequestFraming& framing);

// One chunk of a chunked body; `piece` is not empty.
void append_chunk(std::string& out, std::string_view piece);
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace net
