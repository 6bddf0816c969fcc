#include "api/request.h"

#include "api/error_reply.h"
#include "api/fields.h"
#include "api/messages_request.h"
#include "api/responses_request.h"
#include "api/thinking.h"
#include "base/limits.h"

#include <array>
#include <utility>

namespace api {
namespace {

constexpr std::string_view chat_path = "/v1/chat/completions";

Outcome<json::Document> parse_object(std::string_view body) {
    auto document = json::parse(body);
    if (!document) return std::unexpected(failure_of(document.error()));
    if (!document->root().is(json::Kind::object)) return refuse(400, "the request body must be a JSON object");
    return std::move(*document);
}

void check_members(const Fields& request) {
    if (const auto name = json::duplicate_member(request.value())) {
        request.fault(excerpt(*name), "stands twice in the request");
    }
    // The key for the reply is made here, for every attempt anew: nobody else's may get to the instance.
    if (request.value()["e2e_response_pk"].present()) {
        request.fault("e2e_response_pk", "is set by this proxy and must not be sent");
    }
}

std::string model_of(const Fields& request) {
    const std::string_view model = request.needed_name("model");
    if (model.size() > base::limits::model_name_max) {
        request.fault("model", "must not be longer than " + std::to_string(base::limits::model_name_max) + " bytes");
    }
    return std::string(model);
}

bool usage_asked(json::Value request) {
    return request["stream_options"]["include_usage"].as_bool().value_or(false);
}

}  // namespace

Outcome<Request> Request::read(Dialect dialect, std::string_view path, std::string body) {
    auto document = parse_object(body);
    if (!document) return std::unexpected(std::move(document.error()));
    Faults faults;
    const Fields fields(document->root(), "", faults);
    check_members(fields);
    std::string model = model_of(fields);
    const bool stream = fields.flag("stream").value_or(false);

    Request request(std::move(*document), std::string(dialect == Dialect::chat ? path : chat_path));
    if (dialect == Dialect::chat) {
        request.text_ = std::move(body);
        request.context_.include_usage = usage_asked(fields.value());
    } else {
        Translation translation = dialect == Dialect::messages ? translate_messages(fields) : translate_responses(fields);
        request.text_ = std::move(translation.members);
        request.thinking_ = translation.thinking;
        request.context_ = std::move(translation.context);
    }
    request.context_.dialect = dialect;
    request.context_.model = std::move(model);
    request.context_.stream = stream;
    request.switches_apply_ = request.path_ == chat_path;
    if (request.switches_apply_) request.kwargs_ = fields.object("chat_template_kwargs");
    request.hints_ = conversation_hints(fields.value());
    if (faults.first()) return std::unexpected(*faults.first());
    return request;
}

std::string Request::body_for(const base::ModelName& exact, Switches switches) const {
    const bool suffix = context_.model.ends_with(thinking_suffix) && !exact.text().ends_with(thinking_suffix);
    std::optional<std::string> kwargs;
    if (switches_apply_) {
        kwargs = thinking_kwargs({.forced = suffix || switches.thinking_header,
                                  .kwargs = kwargs_,
                                  .dialect = thinking_,
                                  .exact_model = exact.text()});
    }
    if (!kwargs && context_.dialect != Dialect::chat && kwargs_.present()) kwargs = kwargs_.dump();
    std::string model;
    json::append_string(model, exact.text());
    std::vector<json::RawMember> changes;
    if (context_.dialect != Dialect::chat || exact.text() != context_.model) changes.push_back({"model", model});
    if (kwargs) changes.push_back({"chat_template_kwargs", *kwargs});
    if (changes.empty()) return text_;
    return json::set_members(text_, changes);
}

Outcome<std::int64_t> count_tokens(std::string_view body) {
    const auto document = parse_object(body);
    if (!document) return std::unexpected(document.error());
    Faults faults;
    const Fields fields(document->root(), "", faults);
    check_members(fields);
    static_cast<void>(model_of(fields));
    const std::int64_t tokens = estimate_tokens(fields);
    if (faults.first()) return std::unexpected(*faults.first());
    return tokens;
}

}  // namespace api
