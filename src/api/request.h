// From the client's request to the body of the instance's chat completion. One interface for the three dialects: forward does
// not know which one it serves.
//
//   auto request = Request::read(dialect, path, std::move(body));   // every 400 the input can earn; `model` not looked at
//   resolve(request->model())                                       // discovery: the exact served name
//   std::string body = request->body_for(exact, {.thinking_header = …});
//
// Pure. Needs memory in proportion to the body. A null member counts as absent everywhere (formats page §1.0).
#pragma once

#include "api/conversation_hints.h"
#include "api/dialect.h"
#include "api/failure.h"
#include "api/reply_context.h"
#include "base/ids.h"
#include "json/json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace api {

struct Switches {
    bool thinking_header = false;  // X-Enable-Thinking: true, in any case
};

class Request {
public:
    // `path` is the client's, without query; it matters for Dialect::chat only: "/v1/chat/completions" or any other POST /v1/*.
    // Failures are 400 and name the member at fault, e.g. "messages.3.content: must be a string or a list of blocks".
    [[nodiscard]] static Outcome<Request> read(Dialect dialect, std::string_view path, std::string body);

    // As asked, not yet resolved; not empty and at most limits::model_name_max long.
    [[nodiscard]] std::string_view model() const { return context_.model; }
    [[nodiscard]] bool stream() const { return context_.stream; }

    // The path for X-E2E-Path: the chat path for the two translated dialects, else the client's own.
    [[nodiscard]] std::string_view upstream_path() const { return path_; }

    [[nodiscard]] const ConversationHints& hints() const { return hints_; }

    [[nodiscard]] const ReplyContext& reply_context() const { return context_; }

    // The JSON text for the instance that serves `exact`. Dialect::chat: the client's bytes, with nothing changed but `model`
    // (if the exact name differs) and, on /v1/chat/completions, `chat_template_kwargs` (if a thinking switch asks for it).
    [[nodiscard]] std::string body_for(const base::ModelName& exact, Switches switches) const;

private:
    Request(json::Document document, std::string path) : document_(std::move(document)), path_(std::move(path)) {}

    json::Document document_;  // hints_ and kwargs_ point into it
    std::string path_;
    std::string text_;    // chat: the client's bytes; else: the mapped object but for `model` and `chat_template_kwargs`
    json::Value kwargs_;  // the client's chat_template_kwargs
    std::optional<bool> thinking_;  // what the dialect's own member asks for (Claude `thinking`, Responses `reasoning.effort`)
    bool switches_apply_ = true;    // false on paths that are not chat completions
    ConversationHints hints_;
    ReplyContext context_;
};

// POST /v1/messages/count_tokens, answered here: an estimate over what the instance would be sent, at least 1 (§1.6).
[[nodiscard]] Outcome<std::int64_t> count_tokens(std::string_view body);

}  // namespace api
