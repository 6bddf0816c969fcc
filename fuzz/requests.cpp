// Requests of the three dialects, and count_tokens: whatever a client sends is refused in words or becomes one JSON object.
//   byte: dialect · byte: switches and path · the body
#include "api/request.h"
#include "support.h"

namespace {

using fuzz::require;

void check_refusal(const api::Failure& failure) {
    require(failure.status == 400 && !failure.message.empty(), "a refused request gets 400 and a reason");
    json::Writer words;
    require(json::parse(words.string(failure.message).text()).has_value(), "a reason is UTF-8");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const auto dialect = static_cast<api::Dialect>(input.byte() % 3);
    const std::uint8_t choices = input.byte();
    const std::string body(input.rest());
    const bool chat = dialect == api::Dialect::chat;
    const std::string_view path = (choices & 2U) != 0 ? "/v1/embeddings" : "/v1/chat/completions";

    const auto request = api::Request::read(dialect, path, body);
    if (request) {
        require(!request->model().empty() && request->model().size() <= base::limits::model_name_max,
                "a request names a model");
        require(request->upstream_path() == (chat ? path : "/v1/chat/completions"),
                "translated requests become chat completions");
        const std::string sent = request->body_for(base::ModelName("exact"), {.thinking_header = (choices & 1U) != 0});
        const auto parsed = json::parse(sent, 2 * base::limits::json_depth_max);
        require(parsed.has_value(), "what is sent is JSON");
        require(parsed->root()["model"].as_string() == "exact", "what is sent names the exact model");
        require(!json::duplicate_member(parsed->root()), "no member is sent twice");
        require(parsed->root()["stream"].as_bool().value_or(false) == request->stream(), "sent to stream if asked to stream");
        require(sent == request->body_for(base::ModelName("exact"), {.thinking_header = (choices & 1U) != 0}),
                "a second attempt is sent the same");
        for (const api::EchoMember& echo : request->reply_context().echo) {
            require(json::parse(echo.json, 2 * base::limits::json_depth_max).has_value(), "what is echoed is JSON");
        }
    } else {
        check_refusal(request.error());
    }
    if (dialect == api::Dialect::messages) {
        const auto count = api::count_tokens(body);
        if (count) {
            require(*count >= 1, "a prompt has a token");
        } else {
            check_refusal(count.error());
        }
    }
    return 0;
}
