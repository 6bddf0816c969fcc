#include "api/error_reply.h"

#include "api/context_overflow.h"
#include "base/base64.h"
#include "base/limits.h"

#include <algorithm>

namespace api {

namespace {

struct ErrorNames {
    const char* claude_type;
    const char* openai_type;
    const char* openai_code;       // nullptr: null
    const char* responses_stream;  // the code within response.failed
};

// The table of formats page §1.6 (and of §1.5, last column).
ErrorNames names_of(unsigned status) {
    switch (status) {
        case 401:
            return {"authentication_error", "invalid_request_error", "invalid_api_key", "invalid_prompt"};
        case 402:
            return {"billing_error", "insufficient_quota", nullptr, "invalid_prompt"};
        case 403:
            return {"permission_error", "invalid_request_error", nullptr, "invalid_prompt"};
        case 404:
            return {"not_found_error", "invalid_request_error", "model_not_found", "invalid_prompt"};
        case 413:
            return {"request_too_large", "invalid_request_error", nullptr, "invalid_prompt"};
        case 429:
            return {"rate_limit_error", "rate_limit_error", "rate_limit_exceeded", "rate_limit_exceeded"};
        case 408:
        case 504:
            return {"timeout_error", "server_error", nullptr, "server_error"};
        case 503:
        case 529:
            return {"overloaded_error", "server_error", nullptr, "server_error"};
        default:
            break;
    }
    if (status >= 400 && status < 500) return {"invalid_request_error", "invalid_request_error", nullptr, "invalid_prompt"};
    return {"api_error", "server_error", nullptr, "server_error"};
}

constexpr const char* overflow_code = "context_length_exceeded";

// A failure in the words of one dialect: a prompt that does not fit is named so that its clients recover by themselves.
Failure in_words_of(Dialect dialect, Failure failure) {
    if (failure.status != 400) return failure;
    const auto overflow = find_context_overflow(failure.message);
    if (!overflow) return failure;
    if (dialect == Dialect::messages) {
        failure.message = claude_words(*overflow).value_or(failure.message);
    } else {
        failure.code = overflow_code;
        failure.param = dialect == Dialect::responses ? "input" : "messages";
    }
    return failure;
}

// At most error_message_max bytes, cut between characters.
std::string bounded(std::string_view text) {
    std::size_t size = std::min(text.size(), base::limits::error_message_max);
    while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
    return std::string(text.substr(0, size));
}

std::string joined_messages(json::Value list) {
    std::string text;
    for (const json::Value item : list.elements()) {
        const auto message = item["msg"].as_string();
        if (!message) continue;
        if (!text.empty()) text += "; ";
        text += *message;
    }
    return text;
}

// What an error object says, in the order of §1.6; empty if it says nothing.
std::string message_of(json::Value body) {
    const json::Value detail = body["detail"];
    for (const json::Value candidate : {body["error"]["message"], body["error"], body["message"], detail, detail["message"]}) {
        if (const auto text = candidate.as_string(); text && !text->empty()) return std::string(*text);
    }
    return joined_messages(detail);
}

std::string returned(unsigned status) {
    return "upstream returned HTTP " + std::to_string(status);
}

bool looks_like_markup(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '<';
}

// A sealed error of the model server: the relay hands it on although nobody holds its key. At least a nonce and a tag.
bool is_opaque(std::string_view detail) {
    constexpr std::size_t sealed_min = 12 + 16;
    const auto bytes = base::base64_decode(detail);
    return bytes && bytes->size() >= sealed_min;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// The relay's words that need ours (protocol page §4 and §5).
void explain_relay(Failure& failure) {
    if (failure.status == 400 && is_opaque(failure.message)) {
        failure.message =
            "the model server rejected the request, and its explanation came back in a form nobody can read; usual reasons: "
            "the "
            "prompt and max_tokens exceed the context length, a parameter the model server does not support, or a remote image "
            "URL (an instance can only read data: URLs)";
    } else if (failure.status == 403 && contains(failure.message, "Instance returned status 403")) {
        failure.message = "this path is not public on the chute that serves the model (the instance returned status 403)";
    } else if (failure.status == 404 && (contains(failure.message, "No active instances found") ||
                                         contains(failure.message, "No E2E-capable instances available"))) {
        failure.status = 503;
    }
}

Failure failure_in(json::Value body, unsigned status) {
    Failure failure{status, bounded(message_of(body)), {}, {}};
    if (failure.message.empty() || looks_like_markup(failure.message)) failure.message = returned(status);
    // A flat error object carries the members of error{} itself.
    const json::Value members = body["error"].is(json::Kind::object) ? body["error"] : body;
    failure.param = bounded(members["param"].as_string().value_or(""));
    failure.code = bounded(members["code"].as_string().value_or(""));
    return failure;
}

void write_openai_error(json::Writer& out, const Failure& failure) {
    const ErrorNames names = names_of(failure.status);
    out.begin_object().member("message", failure.message).member("type", names.openai_type);
    failure.param.empty() ? out.member_null("param") : out.member("param", failure.param);
    if (!failure.code.empty()) {
        out.member("code", failure.code);
    } else if (names.openai_code != nullptr) {
        out.member("code", names.openai_code);
    } else {
        out.member_null("code");
    }
    out.end_object();
}

std::string claude_error(const Failure& failure, std::string_view request_id) {
    const Failure said = in_words_of(Dialect::messages, failure);
    json::Writer out;
    out.begin_object().member("type", "error").key("error").begin_object();
    out.member("type", names_of(said.status).claude_type).member("message", said.message).end_object();
    if (!request_id.empty()) out.member("request_id", request_id);
    return out.end_object().take();
}

std::string openai_error(Dialect dialect, const Failure& failure) {
    json::Writer out;
    out.begin_object().key("error");
    write_openai_error(out, in_words_of(dialect, failure));
    return out.end_object().take();
}

}  // namespace

unsigned status_of(base::ErrorKind kind) {
    switch (kind) {
        case base::ErrorKind::bad_request:
            return 400;
        case base::ErrorKind::unauthorized:
            return 401;
        case base::ErrorKind::not_found:
            return 404;
        case base::ErrorKind::method_not_allowed:
            return 405;
        case base::ErrorKind::too_large:
            return 413;
        case base::ErrorKind::headers_too_large:
            return 431;
        case base::ErrorKind::misdirected:
            return 421;
        case base::ErrorKind::rate_limited:
            return 429;
        case base::ErrorKind::overloaded:
        case base::ErrorKind::no_instance:
        case base::ErrorKind::cancelled:
            return 503;
        case base::ErrorKind::upstream_unreachable:
        case base::ErrorKind::upstream_broken:
        case base::ErrorKind::reply_rejected:
        case base::ErrorKind::relay_reported:
            return 502;
        case base::ErrorKind::timeout:
            return 504;
        case base::ErrorKind::invalid_configuration:
        case base::ErrorKind::internal:
            return 500;
    }
    return 500;
}

Failure failure_of(const base::Error& error) {
    return {status_of(error.kind), bounded(error.detail), {}, {}};
}

Failure upstream_failure(unsigned status, std::string_view body) {
    // A client takes anything below 400 for success, and this was none.
    if (status < 400 || status > 599) return {502, returned(status), {}, {}};
    const auto parsed = json::parse(body);
    if (!parsed) return {status, returned(status), {}, {}};
    Failure failure = failure_in(parsed->root(), status);
    explain_relay(failure);
    return failure;
}

Failure incomplete_stream() {
    return {502, "upstream stream ended before it was complete", {}, {}};
}

std::optional<Failure> error_in(json::Value reply) {
    const json::Value error = reply["error"];
    const bool nested = error.is(json::Kind::object) || (error.is(json::Kind::string) && !error.as_string()->empty());
    if (!nested && reply["object"].as_string() != "error") return std::nullopt;
    const json::Value code = error.is(json::Kind::object) ? error["code"] : reply["code"];
    const std::int64_t status = code.as_integer().value_or(500);
    return failure_in(reply, status >= 400 && status <= 599 ? static_cast<unsigned>(status) : 500);
}

std::string error_body(Dialect dialect, const Failure& failure, std::string_view request_id) {
    return dialect == Dialect::messages ? claude_error(failure, request_id) : openai_error(dialect, failure);
}

std::optional<std::string> retry_after(unsigned status, std::string_view from_upstream) {
    if (!from_upstream.empty()) return std::string(from_upstream);
    if (status == 429) return "5";
    if (status == 503 || status == 529) return "2";
    return std::nullopt;
}

std::string responses_error(const Failure& failure) {
    const Failure said = in_words_of(Dialect::responses, failure);
    json::Writer out;
    out.begin_object();
    out.member("code", said.code == overflow_code ? overflow_code : names_of(said.status).responses_stream);
    return out.member("message", said.message).end_object().take();
}

}  // namespace api
