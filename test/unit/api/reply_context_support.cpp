#include "api/reply_support.h"
#include "api/request.h"

namespace reply_test {

// A test of replies need not say what was asked.
api::ReplyContext context_of(api::Dialect dialect, std::string_view request) {
    std::string whole(request);
    const json::Document said = json::parse(request).value();
    if (!said.root()["stream"].present()) whole = json::append_member(whole, "stream", "true");
    if (!said.root()["messages"].present())
        whole = json::append_member(whole, "messages", R"([{"role":"user","content":"x"}])");
    if (!said.root()["input"].present()) whole = json::append_member(whole, "input", "\"x\"");
    return api::Request::read(dialect, "/v1/chat/completions", std::move(whole)).value().reply_context();
}

}  // namespace reply_test
