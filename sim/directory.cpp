// The relay's lists: models, aliases, instances with their keys and nonces.
#include "base/base64.h"
#include "crypto/kdf.h"
#include "sim/refusals.h"
#include "sim/relay.h"

#include <algorithm>

namespace sim {
namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view injection = "\r\nX-Injected: 1";
constexpr std::size_t huge = 40 * 1024 * 1024;

Reply ok(std::string body) {
    return whole_reply(200, std::string(json_type), std::move(body));
}

// Valid JSON of that size.
std::string padded(std::string json) {
    json.back() = ',';
    return json + "\"padding\":\"" + std::string(huge, 'x') + "\"}";
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

// One key of 1184 bytes whose coefficients are not below q (FIPS 203 §7.2).
std::string key_beyond_modulus() {
    return base::base64_encode(base::Bytes(crypto::kem_public_key_size, 0xFF));
}

std::string key_of(const Instance& instance, std::string_view fault, bool first) {
    if (fault == "discovery_key_modulus" || (fault == "discovery_one_bad_key" && first)) return key_beyond_modulus();
    if (fault == "discovery_key_base64") return "this is not base64!";
    if (fault == "discovery_key_short" || fault == "discovery_wrong_key") {
        const auto other = crypto::DecapsulationKey::generate();
        if (!other) return {};
        const crypto::KemPublicKeyBytes bytes = other->public_key();
        const base::ByteView view(bytes);
        return base::base64_encode(fault == "discovery_key_short" ? view.first(view.size() - 1) : view);
    }
    return instance.keys.back().public_base64;
}

std::string id_of_instance(const Instance& instance, std::string_view fault) {
    if (fault == "discovery_crlf_id") return instance.id + std::string(injection);
    if (fault == "discovery_long_id") return std::string(100'000, 'a');
    return instance.id;
}

// Cuts a reply into small late pieces.
void make_crawl(Reply& reply) {
    const std::string body = std::move(reply.steps.front().text);
    reply.steps.clear();
    for (std::size_t at = 0; at < body.size(); at += 64) {
        reply.steps.push_back({.what = Step::Do::clear, .text = body.substr(at, 64)});
        reply.steps.push_back({.what = Step::Do::rest, .pause = Milliseconds(50)});
    }
}

}  // namespace

Reply Relay::models(Entry& entry) {
    const auto hit = strike(entry, {.stage = Stage::models, .credential = entry.credential});
    std::string body = sim_.world.models_json();
    if (!hit) return ok(std::move(body));
    if (auto refused = refusal(*hit)) return std::move(*refused);
    if (hit->name == "models_malformed") return ok(body.substr(0, body.size() / 2));
    if (hit->name == "models_huge") return ok(padded(std::move(body)));
    if (hit->name == "models_empty") return ok(R"({"object":"list","data":[]})");
    if (hit->name == "models_crlf")
        return ok(replaced(replaced(body, "-TEE\"", "-TEE\\r\\nX-Injected: 1\""), "\"chute_id\":\"",
                           "\"chute_id\":\"\\r\\nX-Injected: 1"));
    return ok(R"({"object":7,"data":[{"id":7,"root":[],"chute_id":null,"confidential_compute":"yes"},8,null,[],{}]})");
}

Reply Relay::aliases(Entry& entry) {
    const auto hit = strike(entry, {.stage = Stage::aliases, .credential = entry.credential});
    std::string body = sim_.world.aliases_json();
    if (!hit) return ok(std::move(body));
    if (auto refused = refusal(*hit)) return std::move(*refused);
    return ok(body.substr(0, body.size() / 2));
}

Reply Relay::discovery(Entry& entry, std::string_view chute) {
    const auto hit = strike(entry, {.stage = Stage::discovery, .chute = chute, .credential = entry.credential});
    const std::string_view fault = hit ? hit->name : std::string_view();
    if (hit) {
        if (auto refused = refusal(*hit)) return std::move(*refused);
    }
    const Settings& settings = sim_.settings;
    auto& recent = sim_.discoveries[entry.credential];
    while (!recent.empty() && sim_.now() - recent.front() > std::chrono::minutes(1)) recent.pop_front();
    if (settings.discoveries_per_minute > 0 && recent.size() >= settings.discoveries_per_minute) {
        return detail_reply(429, "Rate limit exceeded: " + std::to_string(settings.discoveries_per_minute) + " per 1 minute");
    }
    recent.push_back(sim_.now());
    if (sim_.world.model_of_chute(chute) == nullptr) return detail_reply(404, "Chute not found");

    std::vector<Instance*> chosen = sim_.world.active_instances(chute);
    if (chosen.empty()) return detail_reply(404, "No active instances found for this chute");
    if (fault == "discovery_other_chute") {
        const auto& all = sim_.world.models();
        const auto other =
            std::ranges::find_if(all, [&](const Model& model) { return model.chute != chute && model.instances > 0; });
        chosen = sim_.world.active_instances(other->chute);
    }
    for (std::size_t i = chosen.size(); i > 1; --i) std::swap(chosen[i - 1], chosen[sim_.random.below(i)]);
    if (chosen.size() > settings.instances_per_discovery) chosen.resize(settings.instances_per_discovery);
    if (fault == "discovery_empty") chosen.clear();

    json::Writer out;
    out.begin_object().key("instances").begin_array();
    bool first = true;
    for (const Instance* instance : chosen) {
        out.begin_object()
            .member("instance_id", id_of_instance(*instance, fault))
            .member("e2e_pubkey", key_of(*instance, fault, first));
        out.key("nonces").begin_array();
        const std::size_t count = fault == "discovery_no_nonces" ? 0 : settings.nonces_per_instance;
        for (std::size_t i = 0; i < count; ++i) {
            const Tickets::Issue issue{{entry.credential, std::string(chute), instance->id},
                                       instance->keys.size() - 1,
                                       fault == "discovery_dead_nonces"};
            std::string nonce = sim_.tickets.issue(issue, sim_.now(), sim_.random);
            ++sim_.record.counters.nonces_issued;
            if (fault == "discovery_crlf_nonce") nonce += injection;
            out.string(nonce);
            if (fault == "discovery_repeats_nonces") out.string(nonce);
        }
        out.end_array().end_object();
        first = false;
    }
    const auto ttl =
        fault == "discovery_zero_ttl" ? 0 : std::chrono::duration_cast<std::chrono::seconds>(settings.nonce_ttl).count();
    std::string body = out.end_array().member_integer("nonce_expires_in", ttl).end_object().take();

    if (fault == "discovery_malformed") body.resize(body.size() / 2);
    if (fault == "discovery_wrong_types")
        body = R"({"instances":[{"instance_id":7,"e2e_pubkey":[],"nonces":"x"},3,null],"nonce_expires_in":"soon"})";
    if (fault == "discovery_huge") body = padded(std::move(body));
    Reply reply = ok(std::move(body));
    if (fault == "discovery_crawl") make_crawl(reply);
    if (fault == "discovery_truncated") {
        *reply.length += 100;
        reply.steps.push_back({.what = Step::Do::close});
    }
    return reply;
}

}  // namespace sim
