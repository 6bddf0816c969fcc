#include "sim/refusals.h"

#include "base/base64.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"

#include <algorithm>

namespace sim {
namespace {

struct Refusal {
    std::string_view fault;
    int status;
    std::string_view detail;
};

constexpr Refusal refusals[] = {
    {"nonce_refused", 403, "Invalid, expired, or already-used nonce"},
    {"instance_not_found", 404, "Instance not found"},
    {"instance_gone", 410, "Instance is no longer active"},
    {"instance_full", 429, "Instance is at maximum capacity, try again later"},
    {"key_exchange", 502, "Instance requires key exchange, try a different instance"},
    {"internal_error", 500, "Internal error during E2E invocation"},
    {"wrong_chute", 400, "Instance does not belong to the specified chute"},
    {"path_not_public", 403, "Instance returned status 403"},
    {"unauthorized", 401, "Invalid or missing API key"},
    {"payment_required", 402, "Account balance is too low, please add funds"},
    {"disabled", 503, "E2E invocation is disabled"},
    {"models_500", 500, "Internal server error"},
    {"models_401", 401, "Invalid or missing API key"},
    {"aliases_404", 404, "Not Found"},
    {"aliases_500", 500, "Internal server error"},
    {"discovery_401", 401, "Invalid or missing API key"},
    {"discovery_404_chute", 404, "Chute not found"},
    {"discovery_404_no_instances", 404, "No active instances found for this chute"},
    {"discovery_404_no_e2e", 404, "No E2E-capable instances available"},
    {"discovery_429", 429, "Rate limit exceeded: 10 per 1 minute"},
    {"discovery_500", 500, "Internal server error"},
};

}  // namespace

Reply instance_returned(int status) {
    return detail_reply(status, "Instance returned status " + std::to_string(status));
}

Reply opaque_400(std::string_view model_server_body) {
    // As on the real service the detail is ciphertext of a key that nobody outside has.
    base::Bytes sealed;
    crypto::AeadKey key;
    crypto::random_bytes(key.fill());
    if (!crypto::Aead(key).seal({}, base::as_bytes(model_server_body), sealed)) return instance_returned(400);
    return detail_reply(400, base::base64_encode(sealed));
}

Reply account_refusal(int status) {
    if (status == 401) return detail_reply(401, "Invalid or missing API key");
    if (status == 402) return detail_reply(402, "Account balance is too low, please add funds");
    if (status == 429) {
        return whole_reply(429, "application/json",
                           R"({"detail":{"message":"Quota exceeded for this subscription","quota":5000,"used":5000}})");
    }
    return detail_reply(status, "E2E invocation is disabled");
}

std::optional<Reply> refusal(const Hit& fault) {
    if (fault.name.ends_with("html_502")) return html_reply(502);
    if (fault.name == "html_200") return html_reply(200);
    if (fault.name == "account_limit") return account_refusal(429);
    if (fault.name == "unprocessable") {
        return whole_reply(
            422, "application/json",
            R"({"detail":[{"type":"missing","loc":["header","x-chute-id"],"msg":"Field required","input":null}]})");
    }
    if (fault.name.starts_with("models_reset") || fault.name.starts_with("discovery_reset"))
        return silent_reply(Step::Do::reset);
    if (fault.name == "models_stall" || fault.name == "aliases_stall" || fault.name == "discovery_stall") {
        return silent_reply(Step::Do::stall);
    }
    const auto* found = std::ranges::find(refusals, fault.name, &Refusal::fault);
    if (found == std::end(refusals)) return std::nullopt;
    return detail_reply(found->status, found->detail);
}

}  // namespace sim
