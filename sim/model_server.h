// The model server inside an instance: answers OpenAI requests, the same way every time. Pure.
//
// Chat: repeats the last user message, a word per delta, then a chunk with the finish reason, a usage chunk with empty choices
// and [DONE]. max_tokens counts words; `stop` and `n` work.
//   reasoning  when chat_template_kwargs.thinking or .enable_thinking is true: reasoning_content first
//   tools      when tools are given and the last user message names some after the word "call" ("call get_weather"), or says
//              "use a tool" (the first), or tool_choice demands one: calls with arguments made from each tool's schema
//   refuses    what a server refuses with 400: no messages, numbers out of range, http(s) image URLs, too long a context
#pragma once

#include "json/json.h"
#include "sim/world.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

struct ModelReply {
    int status = 200;
    std::string body;                 // JSON, when it is not a stream
    std::vector<std::string> events;  // a stream's events, each with its blank line, [DONE] included
    bool streamed = false;
};

struct Asked {
    const Model& model;
    std::string_view path;
    json::Value body;
    std::string_view body_text;
    std::size_t cached_tokens = 0;
    std::size_t answer_deltas = 0;      // > 0: so many deltas ...
    std::size_t answer_delta_size = 0;  // ... of so many bytes instead of an echo
};

[[nodiscard]] ModelReply answer(const Asked& asked);

// The words of a request that a prompt cache would recognise a conversation by.
[[nodiscard]] std::size_t conversation_prefix(json::Value body);
// About as a tokenizer would count.
[[nodiscard]] std::size_t prompt_tokens(json::Value body);

// {"object":"error",...} as vLLM and SGLang write it.
[[nodiscard]] ModelReply model_error(int status, std::string_view message);

// The paths other than chat (model_server_other.cpp).
[[nodiscard]] ModelReply answer_completion(const Asked& asked);
[[nodiscard]] ModelReply answer_embeddings(const Asked& asked);
[[nodiscard]] ModelReply answer_tokenize(const Asked& asked);
[[nodiscard]] ModelReply answer_detokenize(const Asked& asked);

// Shared by chat and completions.
struct Words {
    std::vector<std::string> pieces;  // joined they are the answer
    std::string finish_reason;        // stop or length
};
[[nodiscard]] Words words_of(const Asked& asked, std::string_view text);
[[nodiscard]] std::string usage_json(const Asked& asked, std::size_t completion_tokens);
[[nodiscard]] std::string id_of(const Asked& asked, std::string_view prefix);
inline constexpr std::int64_t created_at = 1'750'000'000;

}  // namespace sim
