// Expected failures are values. One Error type for the whole program: `kind` decides the HTTP status (the one table is in
// api/error_reply.cpp), `detail` is a sentence for people: what we were doing, what happened, what to do. A detail never
// holds a key, nonce, prompt or answer.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace base {

enum class ErrorKind : std::uint8_t {
    bad_request,            // the client sent something that cannot be used
    unauthorized,           // no credential, or one the relay refuses
    not_found,              // no such path or model
    method_not_allowed,     //
    too_large,              // body over the limit
    headers_too_large,      // request line or headers over the limit
    misdirected,            // Host is not one of ours (DNS rebinding)
    overloaded,             // our own limits are reached: come back later
    rate_limited,           // the relay limits the caller
    no_instance,            // the relay knows no instance that could answer now
    upstream_unreachable,   // connect, TLS or proxy failure: no byte of the request was processed
    upstream_broken,        // the connection ended, or what came is not the protocol
    reply_rejected,         // a reply that does not open: wrong key, tag, order or end
    relay_reported,         // the relay reported a failure in clear text
    timeout,                // a deadline passed
    cancelled,              // the client left, or the process is stopping
    invalid_configuration,  // a flag, variable or file that cannot be used
    internal,               // a bug, or the machine is out of something
};

struct Error {
    ErrorKind kind = ErrorKind::internal;
    std::string detail;

    friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string detail) {
    return std::unexpected(Error{kind, std::move(detail)});
}

}  // namespace base
