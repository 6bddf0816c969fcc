#include "sim/model_server.h"

#include "sim/chat_tools.h"

#include <algorithm>
#include <functional>
#include <optional>

namespace sim {
namespace {

// A message's text: a string, or the text parts.
std::string text_of(json::Value content) {
    if (const auto text = content.as_string()) return std::string(*text);
    std::string out;
    for (const json::Value part : content.elements()) {
        if (const auto text = part["text"].as_string()) {
            if (!out.empty()) out += '\n';
            out += *text;
        }
    }
    return out;
}

json::Value last_message(json::Value body) {
    json::Value last;
    for (const json::Value message : body["messages"].elements()) last = message;
    return last;
}

std::string last_user_text(json::Value body) {
    std::string out;
    for (const json::Value message : body["messages"].elements()) {
        if (message["role"].as_string() == "user") out = text_of(message["content"]);
    }
    return out;
}

bool thinking(json::Value body) {
    const json::Value kwargs = body["chat_template_kwargs"];
    return kwargs["thinking"].as_bool().value_or(false) || kwargs["enable_thinking"].as_bool().value_or(false);
}

struct Range {
    std::string_view name;
    double least;
    double most;
};

std::optional<ModelReply> refuse_numbers(json::Value body) {
    static constexpr Range ranges[] = {
        {"temperature", 0, 2}, {"top_p", 0, 1},        {"presence_penalty", -2, 2},      {"frequency_penalty", -2, 2},
        {"n", 1, 8},           {"max_tokens", 1, 1e9}, {"max_completion_tokens", 1, 1e9}};
    for (const Range& range : ranges) {
        const json::Value value = body[range.name];
        if (value.is_null_or_absent()) continue;
        const auto number = value.as_double();
        if (!number || *number < range.least || *number > range.most) {
            return model_error(400, "Invalid value for '" + std::string(range.name) + "'.");
        }
    }
    return std::nullopt;
}

std::optional<ModelReply> refuse(const Asked& asked) {
    const json::Value messages = asked.body["messages"];
    if (!messages.is(json::Kind::array) || messages.size() == 0)
        return model_error(400, "'messages' must be a non-empty array.");
    for (const json::Value message : messages.elements()) {
        if (!message["role"].as_string()) return model_error(400, "Every message needs a role.");
        for (const json::Value part : message["content"].elements()) {
            const std::string_view url = part["image_url"]["url"].as_string().value_or("");
            if (url.starts_with("http")) return model_error(400, "Cannot fetch the image.");
        }
    }
    if (auto refusal = refuse_numbers(asked.body)) return refusal;
    const auto length = static_cast<std::size_t>(asked.model.context_length);
    const std::size_t prompt = prompt_tokens(asked.body);
    const auto wanted = static_cast<std::size_t>(std::max<std::int64_t>(asked.body["max_tokens"].as_integer().value_or(0), 0));
    if (prompt + wanted > length) {
        return model_error(400, "This model's maximum context length is " + std::to_string(length) +
                                    " tokens. However, you requested " + std::to_string(prompt + wanted) + " tokens (" +
                                    std::to_string(prompt) + " in the messages, " + std::to_string(wanted) +
                                    " in the completion). Please reduce the length of the messages or completion.");
    }
    return std::nullopt;
}

// What the model says, before it is put into a shape.
struct Said {
    std::vector<std::string> reasoning;
    Words words;
    std::vector<ToolCall> calls;
    std::size_t choices = 1;

    [[nodiscard]] std::size_t tokens() const { return choices * (reasoning.size() + words.pieces.size() + 8 * calls.size()); }
};

Said think_up(const Asked& asked) {
    Said said;
    const std::string user = last_user_text(asked.body);
    const json::Value last = last_message(asked.body);
    const bool tool_spoke = last["role"].as_string() == "tool";
    said.choices = static_cast<std::size_t>(std::max<std::int64_t>(asked.body["n"].as_integer().value_or(1), 1));
    if (thinking(asked.body)) said.reasoning = {"The user", " said something", " and I shall repeat it."};
    if (!tool_spoke) said.calls = wanted_tool_calls(asked.body, user);
    if (!said.calls.empty()) {
        said.words.finish_reason = "tool_calls";
    } else {
        said.words = words_of(asked, tool_spoke ? "The tool says: " + text_of(last["content"]) : user);
    }
    return said;
}

void tool_call_json(json::Writer& out, const ToolCall& call) {
    out.member("id", call.id).member("type", "function").key("function").begin_object();
    out.member("name", call.name).member("arguments", call.arguments).end_object();
}

std::string whole_reply(const Asked& asked, const Said& said) {
    std::string content;
    for (const std::string& piece : said.words.pieces) content += piece;
    std::string reasoning;
    for (const std::string& piece : said.reasoning) reasoning += piece;
    json::Writer out;
    out.begin_object().member("id", id_of(asked, "chatcmpl-")).member("object", "chat.completion");
    out.member_integer("created", created_at).member("model", asked.model.id).key("choices").begin_array();
    for (std::size_t i = 0; i < said.choices; ++i) {
        out.begin_object().member_integer("index", static_cast<std::int64_t>(i)).key("message").begin_object();
        out.member("role", "assistant");
        said.calls.empty() ? out.member("content", content) : out.member_null("content");
        said.reasoning.empty() ? out.member_null("reasoning_content") : out.member("reasoning_content", reasoning);
        if (!said.calls.empty()) {
            out.key("tool_calls").begin_array();
            for (const ToolCall& call : said.calls) {
                out.begin_object();
                tool_call_json(out, call);
                out.end_object();
            }
            out.end_array();
        }
        out.end_object().member_null("logprobs").member("finish_reason", said.words.finish_reason).member_null("matched_stop");
        out.end_object();
    }
    return out.end_array().member_raw("usage", usage_json(asked, said.tokens())).end_object().take();
}

// Writes the chunks of a streamed chat completion.
class ChatStream {
public:
    ChatStream(const Asked& asked, const Said& said) : asked_(asked), said_(said), id_(id_of(asked, "chatcmpl-")) {}

    std::vector<std::string> events() && {
        for (std::size_t i = 0; i < said_.choices; ++i) choice(i);
        json::Writer usage = head();
        usage.end_array().member_raw("usage", usage_json(asked_, said_.tokens())).end_object();
        add(usage);
        events_.emplace_back("data: [DONE]\n\n");
        return std::move(events_);
    }

private:
    void choice(std::size_t index) {
        delta(index, R"({"role":"assistant","content":""})", "null");
        for (const std::string& piece : said_.reasoning) {
            json::Writer out;
            delta(index, out.begin_object().member("reasoning_content", piece).end_object().text(), "null");
        }
        for (const std::string& piece : said_.words.pieces) {
            json::Writer out;
            delta(index, out.begin_object().member("content", piece).end_object().text(), "null");
        }
        for (std::size_t i = 0; i < said_.calls.size(); ++i) call(index, i);
        std::string reason;
        json::append_string(reason, said_.words.finish_reason);
        delta(index, "{}", reason);
    }

    // As servers do: the name first, then the arguments in pieces.
    void call(std::size_t choice, std::size_t index) {
        const ToolCall& call = said_.calls[index];
        ToolCall opening = call;
        opening.arguments.clear();
        json::Writer start;
        start.begin_object()
            .key("tool_calls")
            .begin_array()
            .begin_object()
            .member_integer("index", static_cast<std::int64_t>(index));
        tool_call_json(start, opening);
        start.end_object().end_array().end_object();
        delta(choice, start.text(), "null");
        const std::size_t half = call.arguments.size() / 2;
        for (const std::string& piece : {call.arguments.substr(0, half), call.arguments.substr(half)}) {
            json::Writer out;
            out.begin_object()
                .key("tool_calls")
                .begin_array()
                .begin_object()
                .member_integer("index", static_cast<std::int64_t>(index));
            out.key("function").begin_object().member("arguments", piece).end_object().end_object().end_array().end_object();
            delta(choice, out.text(), "null");
        }
    }

    json::Writer head() const {
        json::Writer out;
        out.begin_object().member("id", id_).member("object", "chat.completion.chunk").member_integer("created", created_at);
        out.member("model", asked_.model.id).key("choices").begin_array();
        return out;
    }

    void delta(std::size_t index, std::string_view delta_json, std::string_view finish_json) {
        json::Writer out = head();
        out.begin_object().member_integer("index", static_cast<std::int64_t>(index)).member_raw("delta", delta_json);
        out.member_null("logprobs").member_raw("finish_reason", finish_json).end_object().end_array().end_object();
        add(out);
    }

    void add(const json::Writer& chunk) { events_.push_back("data: " + chunk.text() + "\n\n"); }

    const Asked& asked_;
    const Said& said_;
    std::string id_;
    std::vector<std::string> events_;
};

ModelReply answer_chat(const Asked& asked) {
    if (auto refusal = refuse(asked)) return *refusal;
    const Said said = think_up(asked);
    if (!asked.body["stream"].as_bool().value_or(false)) return {200, whole_reply(asked, said), {}, false};
    return {200, {}, ChatStream(asked, said).events(), true};
}

}  // namespace

ModelReply model_error(int status, std::string_view message) {
    json::Writer out;
    out.begin_object().member("object", "error").member("message", message).member("type", "BadRequestError");
    out.member_null("param").member_integer("code", status).end_object();
    return {status, out.take(), {}, false};
}

std::size_t prompt_tokens(json::Value body) {
    std::size_t bytes = 0;
    for (const json::Value message : body["messages"].elements()) bytes += text_of(message["content"]).size() + 8;
    bytes += body["prompt"].as_string().value_or("").size() + body["input"].as_string().value_or("").size();
    return bytes / 4 + 1;
}

std::size_t conversation_prefix(json::Value body) {
    std::string prefix;
    for (const json::Value message : body["messages"].elements()) {
        prefix += text_of(message["content"]);
        if (message["role"].as_string() == "user") break;
    }
    return std::hash<std::string>{}(prefix);
}

Words words_of(const Asked& asked, std::string_view text) {
    Words words;
    words.finish_reason = "stop";
    if (asked.answer_deltas > 0) {
        words.pieces.assign(asked.answer_deltas, std::string(asked.answer_delta_size, 'x'));
        return words;
    }
    const auto cut_at = [&](json::Value stop) {
        const auto found = stop.as_string() ? text.find(*stop.as_string()) : std::string_view::npos;
        if (found != std::string_view::npos) text = text.substr(0, found);
    };
    cut_at(asked.body["stop"]);
    for (const json::Value stop : asked.body["stop"].elements()) cut_at(stop);

    const json::Value limit =
        asked.body["max_completion_tokens"].present() ? asked.body["max_completion_tokens"] : asked.body["max_tokens"];
    const auto most = static_cast<std::size_t>(limit.as_integer().value_or(1'000'000'000));
    for (std::size_t begin = 0; begin < text.size();) {
        if (words.pieces.size() == most) {
            words.finish_reason = "length";
            break;
        }
        const std::size_t end = std::min(text.find(' ', begin + 1), text.size());  // a word with the space before it
        words.pieces.emplace_back(text.substr(begin, end - begin));
        begin = end;
    }
    return words;
}

std::string usage_json(const Asked& asked, std::size_t completion_tokens) {
    const std::size_t prompt = prompt_tokens(asked.body);
    json::Writer out;
    out.begin_object().member_integer("prompt_tokens", static_cast<std::int64_t>(prompt));
    out.member_integer("completion_tokens", static_cast<std::int64_t>(completion_tokens));
    out.member_integer("total_tokens", static_cast<std::int64_t>(prompt + completion_tokens));
    out.key("prompt_tokens_details").begin_object();
    out.member_integer("cached_tokens", static_cast<std::int64_t>(std::min(asked.cached_tokens, prompt))).end_object();
    return out.end_object().take();
}

std::string id_of(const Asked& asked, std::string_view prefix) {
    return std::string(prefix) + std::to_string(std::hash<std::string_view>{}(asked.body_text));
}

ModelReply answer(const Asked& asked) {
    if (asked.path == "/v1/chat/completions") return answer_chat(asked);
    if (asked.path == "/v1/completions") return answer_completion(asked);
    if (asked.path == "/v1/embeddings") return answer_embeddings(asked);
    if (asked.path == "/tokenize" || asked.path == "/v1/tokenize") return answer_tokenize(asked);
    if (asked.path == "/detokenize" || asked.path == "/v1/detokenize") return answer_detokenize(asked);
    if (asked.path == "/v1/echo") return {200, std::string(asked.body_text), {}, false};
    return model_error(403, "This path is not public.");
}

}  // namespace sim
