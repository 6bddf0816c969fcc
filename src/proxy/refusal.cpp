#include "proxy/refusal.h"

#include "json/json.h"

#include <string>

namespace proxy {
namespace {

struct Row {
    unsigned status;
    std::string_view detail;
    Refusal refusal;
};

constexpr Row table[] = {
    {403, "Invalid, expired, or already-used nonce", Refusal::nonce},
    {404, "Instance not found", Refusal::instance},
    {410, "Instance is no longer active", Refusal::instance},
    {429, "Instance is at maximum capacity", Refusal::instance_full},
    {502, "Instance requires key exchange", Refusal::instance},
    {500, "Internal error during E2E invocation", Refusal::instance},
    {400, "Instance does not belong to the specified chute", Refusal::wrong_chute},
};

}  // namespace

Refusal judge_refusal(unsigned status, std::string_view body) {
    const auto document = json::parse(body);
    if (!document) return Refusal::pass_on;
    const auto detail = document->root()["detail"].as_string();
    if (!detail) return Refusal::pass_on;
    for (const Row& row : table) {
        if (row.status == status && detail->starts_with(row.detail)) return row.refusal;
    }
    if ((status == 429 || status >= 500) && detail->starts_with("Instance returned status")) return Refusal::instance_status;
    return Refusal::pass_on;
}

}  // namespace proxy
