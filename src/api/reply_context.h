// What the reply side needs to know of the request: filled by Request::read, read by the emitters. A value; owns its texts.
#pragma once

#include "api/dialect.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace api {

// How a call of a function goes back to a Responses client (formats page §1.4, the tool table).
enum class ToolKind : std::uint8_t {
    function,     // function_call {name, namespace?, arguments}
    custom,       // custom_tool_call {name, namespace?, input}: input = arguments.input, or the raw text if that is not JSON
    tool_search,  // tool_search_call {execution: "client", arguments as an object}
};

struct ToolOrigin {
    ToolKind kind = ToolKind::function;
    std::string name;        // as the client knows it
    std::string name_space;  // empty: none
};

// One member that every Response object shows: the request's value, else the default.
struct EchoMember {
    std::string_view name;  // a literal
    std::string json;
};

struct ReplyContext {
    Dialect dialect = Dialect::chat;
    std::string model;  // as the client sent it, suffixes included
    bool stream = false;

    // Chat: the client wants the last chunk with empty `choices` and the usage (stream_options.include_usage). The two other
    // dialects always ask the instance for it and always report it.
    bool include_usage = false;

    // Claude: what a string stop_reason or matched_stop is looked up in.
    std::vector<std::string> stop_sequences;

    // Responses, by the function's name as the instance knows it. A name that is not here goes back as a plain function_call.
    std::map<std::string, ToolOrigin, std::less<>> tools;
    bool reasoning_summary = false;    // reasoning.summary is set: reasoning goes out as summary, else as raw reasoning_text
    bool encrypted_reasoning = false;  // include has "reasoning.encrypted_content": see reasoning_token.h
    // Responses, all of them, in the order of the Response object: instructions, max_output_tokens, max_tool_calls, metadata,
    // parallel_tool_calls, previous_response_id, reasoning, store, temperature, text, tool_choice, tools, top_logprobs, top_p,
    // truncation, user. The emitter's own are id, object, created_at, status, background, error, incomplete_details, model,
    // output and usage.
    std::vector<EchoMember> echo;
};

}  // namespace api
