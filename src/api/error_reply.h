// The one place that knows errors (formats page §1.6): which status stands for which error, what an upstream error says, and
// how an error is written in each dialect.
//
// Headers are the caller's: `request-id` on Claude errors, retry_after() below, and what upstream sent (`retry-after`,
// `x-should-retry`, `x-chutes-*`).
#pragma once

#include "api/dialect.h"
#include "api/failure.h"
#include "base/result.h"
#include "json/json.h"

#include <optional>
#include <string>
#include <string_view>

namespace api {

// What a failure of our own is to the client.
[[nodiscard]] unsigned status_of(base::ErrorKind kind);
[[nodiscard]] Failure failure_of(const base::Error& error);

// What an error answer of the relay or of the model server is to the client. Any body will do: an HTML page or nothing becomes
// "upstream returned HTTP N". Knows the relay's special words (protocol page §5): an opaque `detail`, a path that is not
// public, a chute without instances (503).
[[nodiscard]] Failure upstream_failure(unsigned status, std::string_view body);

// A stream that ended too early.
[[nodiscard]] Failure incomplete_stream();

// The error a decrypted JSON object is, if it is one: {"error": …} or {"object": "error"}. Its number code is the status, else
// 500.
[[nodiscard]] std::optional<Failure> error_in(json::Value reply);

// The body of an error reply, Content-Type application/json; also the data of a stream's error event (chat, Claude). A
// `request_id` goes into the Claude shape, unless it is empty.
[[nodiscard]] std::string error_body(Dialect dialect, const Failure& failure, std::string_view request_id);

// Retry-After for an error reply: what upstream said if it said anything, else one of ours for the statuses that mean "come
// back later" (429, 503, 529).
[[nodiscard]] std::optional<std::string> retry_after(unsigned status, std::string_view from_upstream);

// {"code", "message"} for the `error` member of a Responses object that failed (§1.5).
[[nodiscard]] std::string responses_error(const Failure& failure);

}  // namespace api
