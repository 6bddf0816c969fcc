#include "discovery/instances.h"

#include "base/base64.h"
#include "base/limits.h"
#include "discovery/token.h"
#include "json/json.h"

#include <algorithm>
#include <utility>

namespace discovery {

namespace {

using base::ErrorKind;
using base::fail;

constexpr double nonce_life_default = 60;
constexpr double nonce_life_max = 600;

// nullptr unless it is the base64 of a valid key.
std::shared_ptr<const InstanceKey> parse_key(json::Value value) {
    const auto text = value.as_string();
    if (!text) return nullptr;
    const auto bytes = base::base64_decode(*text);
    if (!bytes) return nullptr;
    auto key = crypto::EncapsulationKey::parse(*bytes);
    if (!key) return nullptr;
    return std::make_shared<const InstanceKey>(InstanceKey{std::string(*text), *std::move(key)});
}

std::optional<DiscoveredInstance> parse_instance(json::Value row) {
    DiscoveredInstance instance;
    const auto id = row["instance_id"].as_string();
    if (!id || !is_id(*id)) return std::nullopt;
    instance.id = base::InstanceId(std::string(*id));
    for (const json::Value nonce : row["nonces"].elements()) {
        const auto text = nonce.as_string();
        if (!text || !is_token(*text, {nonce_size_min, nonce_size_max})) continue;
        instance.nonces.emplace_back(*text);
        if (instance.nonces.size() == base::limits::nonces_per_instance_max) break;
    }
    if (instance.nonces.empty()) return std::nullopt;
    instance.key = parse_key(row["e2e_pubkey"]);
    if (!instance.key) return std::nullopt;
    return instance;
}

}  // namespace

base::Result<Discovered> parse_discovered(std::string_view json) {
    const auto document = json::parse(json);
    if (!document || !document->root()["instances"].is(json::Kind::array)) {
        return fail(ErrorKind::upstream_broken, "the relay's list of instances is not what the protocol says");
    }
    const json::Value rows = document->root()["instances"];
    if (rows.size() == 0) return fail(ErrorKind::no_instance, "the relay lists no instance of this model");

    Discovered discovered;
    const double life = document->root()["nonce_expires_in"].as_double().value_or(nonce_life_default);
    discovered.nonces_live_for = std::chrono::seconds(static_cast<int>(std::clamp(life, 1.0, nonce_life_max)));
    std::size_t row_count = 0;
    for (const json::Value row : rows.elements()) {
        if (row_count++ == base::limits::instances_per_reply_max) break;
        if (auto instance = parse_instance(row)) {
            discovered.instances.push_back(*std::move(instance));
        } else {
            ++discovered.rows_skipped;
        }
    }
    if (discovered.instances.empty()) {
        return fail(ErrorKind::upstream_broken, "the relay lists only instances without a valid key, id or nonce");
    }
    return discovered;
}

}  // namespace discovery
