#include "api/conversation_hints.h"

namespace api {
namespace {

// `content` is a string or a list of parts with texts. The first text that is no billing header.
std::string_view first_text(json::Value content) {
    if (const auto text = content.as_string()) return *text;
    for (const json::Value part : content.elements()) {
        const std::string_view text = part["text"].as_string().value_or("");
        if (!text.empty() && !is_billing_header(text)) return text;
    }
    return {};
}

std::string_view last_text(json::Value content) {
    if (const auto text = content.as_string()) return *text;
    std::string_view last;
    for (const json::Value part : content.elements()) last = part["text"].as_string().value_or(last);
    return last;
}

// Up to the first user message of `messages` (chat, Claude) or `input` (Responses).
void read_messages(json::Value messages, ConversationHints& hints) {
    for (const json::Value message : messages.elements()) {
        const std::string_view role = message["role"].as_string().value_or("");
        if (role == "user") {
            hints.first_user = last_text(message["content"]);
            return;
        }
        if (hints.system.empty() && (role == "system" || role == "developer")) hints.system = first_text(message["content"]);
    }
}

}  // namespace

ConversationHints conversation_hints(json::Value request) {
    ConversationHints hints;
    hints.prompt_cache_key = request["prompt_cache_key"].as_string().value_or("");
    hints.user = request["metadata"]["user_id"].as_string().value_or(request["user"].as_string().value_or(""));
    hints.system = first_text(request["system"]);
    if (hints.system.empty()) hints.system = request["instructions"].as_string().value_or("");
    for (const std::string_view name : {"messages", "input"}) {
        if (!hints.first_user.empty()) break;
        hints.first_user = request[name].as_string().value_or("");
        read_messages(request[name], hints);
    }
    if (hints.first_user.empty()) hints.first_user = request["prompt"].as_string().value_or("");
    return hints;
}

bool is_billing_header(std::string_view system_text) {
    return system_text.starts_with("x-anthropic-billing-header:");
}

}  // namespace api
