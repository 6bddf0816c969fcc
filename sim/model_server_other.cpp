// The model server's paths other than chat.
#include "base/base64.h"
#include "crypto/kdf.h"
#include "sim/model_server.h"

#include <array>
#include <cstring>

namespace sim {
namespace {

std::vector<std::string> inputs_of(json::Value input) {
    std::vector<std::string> out;
    if (const auto text = input.as_string()) out.emplace_back(*text);
    for (const json::Value element : input.elements()) {
        out.push_back(element.as_string() ? std::string(*element.as_string()) : element.dump());
    }
    return out;
}

using Vector = std::array<float, 8>;

Vector vector_of(std::string_view text) {
    const crypto::Sha256 hash = crypto::sha256(base::as_bytes(text));
    Vector out{};
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<float>(hash[i] >> 2) / 64.0F - 0.5F;  // exact in six decimals
    return out;
}

std::string vector_json(const Vector& vector) {
    std::string out = "[";
    for (const float value : vector) {
        if (out.size() > 1) out += ',';
        out += std::to_string(static_cast<double>(value));
    }
    return out + "]";
}

std::string completion_head(const Asked& asked) {
    json::Writer out;
    out.begin_object().member("id", id_of(asked, "cmpl-")).member("object", "text_completion");
    out.member_integer("created", created_at).member("model", asked.model.id);
    return out.take();  // open: the caller adds members and the brace
}

std::string completion_json(const Asked& asked, std::string_view choices_json, std::string_view usage_json_or_null) {
    return completion_head(asked) + ",\"choices\":" + std::string(choices_json) +
           ",\"usage\":" + std::string(usage_json_or_null) + "}";
}

std::string choice_json(std::string_view text, std::string_view finish_json) {
    json::Writer out;
    out.begin_array().begin_object().member_integer("index", 0).member("text", text).member_null("logprobs");
    return out.member_raw("finish_reason", finish_json).end_object().end_array().take();
}

}  // namespace

ModelReply answer_completion(const Asked& asked) {
    const auto prompt = asked.body["prompt"].as_string();
    if (!prompt) return model_error(400, "'prompt' must be a string.");
    const Words words = words_of(asked, *prompt);
    const std::string finish = "\"" + words.finish_reason + "\"";
    const std::string usage = usage_json(asked, words.pieces.size());
    if (!asked.body["stream"].as_bool().value_or(false)) {
        std::string text;
        for (const std::string& piece : words.pieces) text += piece;
        return {200, completion_json(asked, choice_json(text, finish), usage), {}, false};
    }
    ModelReply reply{200, {}, {}, true};
    const auto add = [&](const std::string& json) { reply.events.push_back("data: " + json + "\n\n"); };
    for (const std::string& piece : words.pieces) add(completion_json(asked, choice_json(piece, "null"), "null"));
    add(completion_json(asked, choice_json("", finish), "null"));
    add(completion_json(asked, "[]", usage));
    reply.events.emplace_back("data: [DONE]\n\n");
    return reply;
}

ModelReply answer_embeddings(const Asked& asked) {
    const std::vector<std::string> inputs = inputs_of(asked.body["input"]);
    if (inputs.empty()) return model_error(400, "'input' must be a string or an array of strings.");
    const bool base64 = asked.body["encoding_format"].as_string() == "base64";
    json::Writer out;
    out.begin_object().member("object", "list").member("model", asked.model.id).key("data").begin_array();
    std::int64_t index = 0;
    for (const std::string& input : inputs) {
        const Vector vector = vector_of(input);
        out.begin_object().member("object", "embedding").member_integer("index", index++);
        if (base64) {
            base::Bytes bytes(sizeof vector);
            std::memcpy(bytes.data(), vector.data(), bytes.size());  // little-endian floats, as on the machines we run on
            out.member("embedding", base::base64_encode(bytes));
        } else {
            out.member_raw("embedding", vector_json(vector));
        }
        out.end_object();
    }
    return {200, out.end_array().member_raw("usage", usage_json(asked, 0)).end_object().take(), {}, false};
}

ModelReply answer_tokenize(const Asked& asked) {
    const auto prompt = asked.body["prompt"].as_string();
    if (!prompt) return model_error(400, "'prompt' must be a string.");
    json::Writer out;
    out.begin_object().member_integer("count", static_cast<std::int64_t>(prompt->size()));
    out.member_integer("max_model_len", asked.model.context_length).key("tokens").begin_array();
    for (const char c : *prompt) out.integer(static_cast<unsigned char>(c));
    return {200, out.end_array().end_object().take(), {}, false};
}

ModelReply answer_detokenize(const Asked& asked) {
    std::string text;
    for (const json::Value token : asked.body["tokens"].elements()) text += static_cast<char>(token.as_integer().value_or('?'));
    json::Writer out;
    return {200, out.begin_object().member("prompt", text).end_object().take(), {}, false};
}

}  // namespace sim
