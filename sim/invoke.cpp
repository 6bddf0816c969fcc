// POST /e2e/invoke: the relay's checks, then the instance's, then the sealed reply.
#include "base/base64.h"
#include "crypto/kdf.h"
#include "sim/model_server.h"
#include "sim/plan.h"
#include "sim/refusals.h"
#include "sim/relay.h"

#include <algorithm>
#include <array>

namespace sim {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t response_keys_max = 1'000'000;
constexpr std::size_t reply_sample_max = 64 * 1024;

// What the protocol names, and what any HTTP/1.1 client may send.
constexpr std::array<std::string_view, 8> required_headers = {
    "authorization", "x-chute-id", "x-instance-id", "x-e2e-nonce", "x-e2e-stream", "x-e2e-path", "x-e2ee-usage-passthrough",
    "content-type"};
constexpr std::array<std::string_view, 7> plain_headers = {"host",   "content-length", "transfer-encoding", "user-agent",
                                                           "accept", "connection",     "accept-encoding"};

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

// Looks for headers that are missing, doubled or none of the relay's business.
void check_headers(const Request& request, const Entry& entry, Record& record) {
    for (const std::string_view name : required_headers) {
        if (request.count(name) == 0) record.violation(entry, "header_missing", std::string(name));
        if (request.count(name) > 1) record.violation(entry, "header_twice", std::string(name));
    }
    for (const auto& field : request) {
        const std::string name = lower(field.name_string());
        if (std::ranges::find(required_headers, name) == required_headers.end() &&
            std::ranges::find(plain_headers, name) == plain_headers.end()) {
            record.violation(entry, "header_unknown", name);
        }
    }
    const auto expect = [&](std::string_view name, std::string_view kind, bool fine) {
        if (request.count(name) > 0 && !fine) record.violation(entry, std::string(kind), std::string(request[name]));
    };
    const std::string_view stream = request["X-E2E-Stream"];
    const std::string_view path = request["X-E2E-Path"];
    expect("content-type", "content_type", request[http::field::content_type] == "application/octet-stream");
    expect("x-e2e-stream", "stream_header", stream == "true" || stream == "false");
    expect("x-e2e-path", "path_header", path.starts_with('/') && path.find_first_of("?# ") == std::string_view::npos);
    expect("x-e2ee-usage-passthrough", "usage_passthrough", request["X-E2EE-Usage-Passthrough"] == "false");
}

// The request as the instance understood it.
struct Understood {
    json::Document body;
    crypto::EncapsulationKey response_key;
};

// Checks what an instance opened. On failure `refused` is its status.
class Reader {
public:
    Reader(Simulation& simulation, const Entry& entry) : sim_(simulation), entry_(entry) {}

    struct Expected {
        const Model& model;
        bool stream;
    };
    std::optional<Understood> read(const Expected& expected) {
        auto body = json::parse(entry_.plaintext);
        if (!body) return fail("body_not_json", body.error().detail);
        const json::Value root = body->root();
        if (!root.is(json::Kind::object)) return fail("body_not_object", "");
        if (const auto twice = json::duplicate_member(root); twice == "e2e_response_pk") return fail("response_key_twice", "");
        const auto key_text = root["e2e_response_pk"].as_string();
        if (!key_text) return fail("response_key_missing", "");
        const auto key_bytes = base::base64_decode(*key_text);
        if (!key_bytes || key_bytes->size() != crypto::kem_public_key_size) {
            return fail("response_key_size", std::to_string(key_text->size()) + " characters");
        }
        auto key = crypto::EncapsulationKey::parse(*key_bytes);
        if (!key) return fail("response_key_modulus", "");
        if (sim_.response_keys.size() >= response_keys_max) sim_.response_keys.clear();
        if (!sim_.response_keys.insert(std::string(base::as_text(crypto::sha256(*key_bytes)))).second)
            note("response_key_reused", "");

        // The model server knows itself by its exact name only.
        const std::string model(root["model"].as_string().value_or("(no string)"));
        if (model != expected.model.id) {
            refused_ = 404;
            return fail("model_mismatch", "the body says '" + model + "', the chute serves '" + expected.model.id + "'");
        }
        if (root["stream"].as_bool().value_or(false) != expected.stream) {
            return fail("stream_mismatch", "X-E2E-Stream and the body's stream disagree");
        }
        return Understood{std::move(*body), std::move(*key)};
    }

    [[nodiscard]] int refused() const { return refused_; }

private:
    void note(std::string kind, std::string detail) { sim_.record.violation(entry_, std::move(kind), std::move(detail)); }
    std::nullopt_t fail(std::string kind, std::string detail) {
        note(std::move(kind), std::move(detail));
        return std::nullopt;
    }

    Simulation& sim_;
    const Entry& entry_;
    int refused_ = 400;
};

// What the instance passes on to its model server: every byte but those of the protocol's member.
std::string without_response_key(const std::string& object_text) {
    std::string out = object_text;
    for (const json::MemberSpan& member : json::member_spans(object_text)) {
        if (member.name_raw != "e2e_response_pk") continue;
        std::size_t begin = object_text.rfind("\"e2e_response_pk\"", member.value_begin);
        std::size_t end = member.value_end;
        const std::size_t before = object_text.find_last_not_of(" \t\r\n", begin - 1);
        const std::size_t after = object_text.find_first_not_of(" \t\r\n", end);
        if (object_text[before] == ',') {
            begin = before;
        } else if (object_text[after] == ',') {
            end = after + 1;
        }
        out.erase(begin, end - begin);
        break;
    }
    return out;
}

// What the relay makes of a model server's error.
Reply relayed_error(const ModelReply& said) {
    return said.status == 400 ? opaque_400(said.body) : instance_returned(said.status);
}

// The script's reply, or the model server's own.
struct Saying {
    ModelReply reply;
    Chunking chunking;
};
Saying say(Simulation& sim, const Asked& asked, bool stream) {
    if (const auto script = sim.scripts.next({asked.model.chute, asked.path, stream})) {
        ModelReply reply{script->status, script->body.value_or(""), {}, stream && script->status < 400};
        if (reply.streamed) reply.events = events_of(*script->sse);
        return {std::move(reply), script->chunking.value_or(sim.settings.chunking)};
    }
    return {answer(asked), sim.settings.chunking};
}

}  // namespace

Relay::Answer Relay::invoke(const Request& request, Entry& entry) {
    check_headers(request, entry, sim_.record);
    entry.chute = request["X-Chute-Id"];
    entry.instance = request["X-Instance-Id"];
    const std::string_view path = request["X-E2E-Path"];
    const bool stream = request["X-E2E-Stream"] == "true";
    const auto refuse = [](Reply reply) { return Answer{std::move(reply), {}, nullptr, false}; };

    // Spent the moment it comes, whatever happens next.
    const Redemption redemption = sim_.tickets.redeem(request["X-E2E-Nonce"], {entry.credential, entry.chute, entry.instance},
                                                      sim_.now(), sim_.settings.nonce_ttl);
    ++sim_.record.counters.nonces_spent;
    if (redemption.verdict == Verdict::reused) ++sim_.record.counters.nonces_reused;
    if (const std::string_view name = violation_name(redemption.verdict); !name.empty()) {
        sim_.record.violation(entry, std::string(name), "for chute " + entry.chute);
    }

    if (!credential_accepted(entry.credential)) return refuse(account_refusal(401));
    if (sim_.settings.account_error != 0) return refuse(account_refusal(sim_.settings.account_error));
    const auto missing = [&](std::string_view name) { return request.count(name) == 0; };
    if (missing("X-Chute-Id") || missing("X-Instance-Id") || missing("X-E2E-Nonce") || missing("X-E2E-Stream") ||
        missing("X-E2E-Path")) {
        return refuse(*refusal({"unprocessable"}));
    }
    if (request[http::field::content_type] != "application/octet-stream")
        return refuse(detail_reply(415, "Unsupported media type"));
    if (redemption.verdict != Verdict::good) {
        ++sim_.record.counters.nonces_refused;
        return refuse(*refusal({"nonce_refused"}));
    }
    Instance* instance = sim_.world.instance(entry.instance);
    if (instance == nullptr || !instance->known) return refuse(*refusal({"instance_not_found"}));
    if (instance->chute != entry.chute) return refuse(*refusal({"wrong_chute"}));
    if (!instance->active) return refuse(*refusal({"instance_gone"}));

    const auto hit = strike(entry, {.stage = Stage::invoke,
                                    .shape = stream ? Shape::stream : Shape::blob,
                                    .chute = entry.chute,
                                    .instance = entry.instance,
                                    .credential = entry.credential});
    if (hit) {
        if (auto refused = refusal(*hit)) return refuse(std::move(*refused));
    }
    if (sim_.settings.instance_capacity > 0 && instance->running >= sim_.settings.instance_capacity) {
        return refuse(*refusal({"instance_full"}));
    }
    return compute({entry, *instance, path, request.body(), stream, redemption.key_generation,
                    request["X-E2EE-Usage-Passthrough"] != "false"},
                   hit.value_or(Hit{}));
}

Relay::Answer Relay::compute(const Invocation& call, const Hit& fault) {
    Entry& entry = call.entry;
    Instance& instance = call.instance;
    const auto refuse = [&](Reply reply) {
        return Answer{std::move(reply), sim_.settings.latency_of(instance.id), &instance, false};
    };

    OpenedEnvelope opened = open_envelope(instance, call.envelope);
    if (!opened.trouble.empty()) {
        sim_.record.violation(entry, opened.trouble, std::to_string(call.envelope.size()) + " bytes");
        return refuse(instance_returned(400));
    }
    if (opened.key_generation + 1 != instance.keys.size()) {
        // Sealed to a key that a restart destroyed: nobody's fault, unless the client had been given a newer one.
        if (opened.key_generation < call.key_generation)
            sim_.record.violation(entry, "stale_key", "a newer key came with this nonce");
        return refuse(*refusal({"key_exchange"}));
    }
    entry.opened = true;
    entry.plaintext = std::move(opened.plaintext);
    InstanceCounters& counters = sim_.record.counters.instances[instance.id];
    ++counters.invocations;
    if (call.stream) ++counters.streams;

    const Model& model = *sim_.world.model_of_chute(entry.chute);
    Reader reader(sim_, entry);
    const auto understood = reader.read({model, call.stream});
    if (!understood) return refuse(instance_returned(reader.refused()));
    if (fault.name == "instance_status") return refuse(instance_returned(fault.status != 0 ? fault.status : 500));

    const json::Value body = understood->body.root();
    const std::string body_text = without_response_key(entry.plaintext);
    Asked asked{.model = model, .path = call.path, .body = body, .body_text = body_text};
    if (!instance.cached_prefixes.insert(conversation_prefix(body)).second) asked.cached_tokens = prompt_tokens(body);
    if (instance.cached_prefixes.size() > 10'000) instance.cached_prefixes.clear();
    asked.answer_deltas = sim_.settings.answer_deltas;
    asked.answer_delta_size = sim_.settings.answer_delta_size;
    Saying saying = say(sim_, asked, call.stream);
    if (fault.name == "opaque_400") saying.reply = model_error(400, "refused on demand");
    if (saying.reply.status >= 400) return refuse(relayed_error(saying.reply));
    return seal(call, std::move(saying.reply), {understood->response_key, saying.chunking, fault});
}

Relay::Answer Relay::seal(const Invocation& call, ModelReply said, const Sealing& sealing) {
    const Hit& fault = sealing.fault;
    const bool as_stream = said.streamed && fault.name != "stream_as_json";
    auto key = sealing.key;
    if (fault.name == "wrong_key") {
        const auto other = crypto::DecapsulationKey::generate();
        if (other) key = crypto::EncapsulationKey::parse(other->public_key()).value_or(key);
    }
    auto sealer = Sealer::make(key, as_stream ? Sealer::Use::stream : Sealer::Use::reply);
    if (!sealer) throw std::runtime_error("cannot seal the reply");

    Reply reply;
    if (as_stream) {
        for (const std::string& event : said.events) {
            if (call.entry.reply_plain.size() < reply_sample_max) call.entry.reply_plain += event;
        }
        reply.content_type = "text/event-stream";
        reply.steps = plan_stream({.events = std::move(said.events),
                                   .chunking = sealing.chunking,
                                   .clear_usage = call.wants_usage || sim_.settings.clear_usage,
                                   .fault = fault});
        reply.sealer = std::move(sealer);
    } else {
        call.entry.reply_plain = said.body.substr(0, reply_sample_max);
        reply = whole_reply(200, "application/octet-stream", plan_blob(said.body, *sealer, fault));
    }
    reply.headers.emplace_back("X-Chutes-Quota-Total", "5000");
    reply.headers.emplace_back("X-Chutes-Quota-Used", std::to_string(sim_.record.counters.invocations));
    spoil_transport(reply, fault);
    return {std::move(reply), sim_.settings.latency_of(call.instance.id), &call.instance, as_stream};
}

}  // namespace sim
