#include "sim/admin.h"

#include "base/base64.h"
#include "json/json.h"
#include "sim/reply.h"

#include <expected>
#include <limits>

namespace sim {
namespace {

namespace http = boost::beast::http;

// JSON to answer with, or what is wrong with the call.
using Outcome = std::expected<std::string, std::string>;

const std::string fine = R"({"ok":true})";

std::unexpected<std::string> wrong(std::string what) {
    return std::unexpected(std::move(what));
}

Milliseconds milliseconds_of(json::Value value) {
    return Milliseconds(value.as_integer().value_or(0));
}
std::string text_of(json::Value value) {
    return std::string(value.as_string().value_or(""));
}

// --- POST ---

Outcome add_script(Simulation& sim, json::Value body) {
    Script script;
    script.chute = sim.world.chute_named(text_of(body["model"]));
    script.path = text_of(body["path"]);
    script.left = body["times"].as_integer().value_or(1);
    if (script.left == 0) script.left = -1;
    script.status = static_cast<int>(body["status"].as_integer().value_or(200));
    if (const auto sse = body["sse"].as_string()) script.sse = std::string(*sse);
    if (const auto sse = body["sse_base64"].as_string()) {
        const auto bytes = base::base64_decode(*sse);
        if (!bytes) return wrong("sse_base64 is not base64");
        script.sse = std::string(base::as_text(*bytes));
    }
    if (body["json"].present()) script.body = body["json"].dump();
    if (const auto raw = body["body"].as_string()) script.body = std::string(*raw);
    if (body["chunking"].present()) {
        script.chunking = chunking_named(text_of(body["chunking"]));
        if (!script.chunking) return wrong("chunking is line, event, whole, bytes or split");
    }
    if (script.status < 400 && !script.sse && !script.body) return wrong("a script needs sse, json or body");
    sim.scripts.add(std::move(script));
    return fine;
}

Outcome add_fault(Simulation& sim, json::Value body) {
    if (body["clear"].as_bool().value_or(false)) {
        sim.faults.clear();
        return fine;
    }
    Rule rule;
    const auto choose = [&](std::string_view name) {
        const FaultInfo* fault = fault_named(name);
        if (fault != nullptr) rule.choices.push_back(fault);
        return fault != nullptr;
    };
    if (const auto name = body["fault"].as_string(); name && !choose(*name))
        return wrong("no fault '" + std::string(*name) + "'");
    for (const json::Value name : body["faults"].elements()) {
        if (!choose(name.as_string().value_or(""))) return wrong("no fault '" + text_of(name) + "'");
    }
    if (rule.choices.empty()) return wrong("which fault?");
    const bool random = body["probability"].present();
    rule.probability = body["probability"].as_double().value_or(1);
    rule.left = body["count"].as_integer().value_or(random ? -1 : 1);
    if (rule.left == 0) rule.left = -1;
    rule.skip = body["skip"].as_integer().value_or(0);
    rule.at = body["at"].as_integer().value_or(-1);
    rule.status = static_cast<int>(body["status"].as_integer().value_or(0));
    rule.chute = sim.world.chute_named(text_of(body["model"]));
    rule.instance = text_of(body["instance"]);
    rule.credential = text_of(body["credential"]);
    if (const auto seed = body["seed"].as_integer()) sim.random.reseed(static_cast<std::uint64_t>(*seed));
    sim.faults.add(std::move(rule));
    return fine;
}

Outcome set_latency(Simulation& sim, json::Value body) {
    Settings& settings = sim.settings;
    const std::string instance = text_of(body["instance"]);
    Latency latency = instance.empty() ? settings.latency : settings.latency_of(instance);
    for (const json::Member member : body.members()) {
        if (member.name == "first_event_ms") {
            latency.first_event = milliseconds_of(member.value);
        } else if (member.name == "between_events_ms") {
            latency.between_events = milliseconds_of(member.value);
        } else if (member.name == "discovery_ms") {
            settings.discovery_latency = milliseconds_of(member.value);
        } else if (member.name == "models_ms") {
            settings.models_latency = milliseconds_of(member.value);
        } else if (member.name != "instance") {
            return wrong("unknown member '" + std::string(member.name) + "'");
        }
    }
    (instance.empty() ? settings.latency : settings.instance_latency[instance]) = latency;
    return fine;
}

bool set_count(Settings& settings, json::Member member) {
    std::size_t* const target = member.name == "nonces_per_instance"       ? &settings.nonces_per_instance
                                : member.name == "instances_per_discovery" ? &settings.instances_per_discovery
                                : member.name == "discoveries_per_minute"  ? &settings.discoveries_per_minute
                                : member.name == "instance_capacity"       ? &settings.instance_capacity
                                : member.name == "write_size"              ? &settings.write_size
                                : member.name == "answer_deltas"           ? &settings.answer_deltas
                                : member.name == "answer_delta_size"       ? &settings.answer_delta_size
                                                                           : nullptr;
    const auto value = member.value.as_integer();
    if (target == nullptr || !value || *value < 0) return false;
    *target = static_cast<std::size_t>(*value);
    return true;
}

Outcome configure(Simulation& sim, json::Value body) {
    Settings& settings = sim.settings;
    for (const json::Member member : body.members()) {
        const json::Value value = member.value;
        if (member.name == "nonce_ttl_ms") {
            settings.nonce_ttl = milliseconds_of(value);
        } else if (member.name == "clock_step_ms") {
            settings.clock_step += milliseconds_of(value);
        } else if (member.name == "account_error") {
            settings.account_error = static_cast<int>(value.as_integer().value_or(0));
        } else if (member.name == "credentials") {
            settings.credentials.clear();
            for (const json::Value credential : value.elements()) settings.credentials.push_back(text_of(credential));
        } else if (member.name == "models_need_key") {
            settings.models_need_key = value.as_bool().value_or(false);
        } else if (member.name == "clear_usage") {
            settings.clear_usage = value.as_bool().value_or(false);
        } else if (member.name == "chunking" && chunking_named(text_of(value))) {
            settings.chunking = *chunking_named(text_of(value));
        } else if (!set_count(settings, member)) {
            return wrong("cannot set '" + std::string(member.name) + "' to that");
        }
    }
    return fine;
}

Outcome change_instance(Simulation& sim, json::Value body) {
    Instance* instance = sim.world.instance(text_of(body["instance"]));
    if (instance == nullptr) return wrong("no such instance");
    instance->active = body["active"].as_bool().value_or(instance->active);
    instance->known = body["known"].as_bool().value_or(instance->known);
    return fine;
}

// One instance, or all of a model.
Outcome restart(Simulation& sim, json::Value body) {
    const std::string id = text_of(body["instance"]);
    const std::string chute = sim.world.chute_named(text_of(body["model"]));
    std::int64_t restarted = 0;
    for (const auto& instance : sim.world.instances()) {
        if (instance->id == id || (id.empty() && instance->chute == chute)) {
            instance->restart();
            ++restarted;
        }
    }
    if (restarted == 0) return wrong("no such instance");
    json::Writer out;
    return out.begin_object().member_integer("restarted", restarted).end_object().take();
}

// All as at the start, but for keys and nonces: those that clients hold stay good, and spent ones stay spent.
Outcome reset(Simulation& sim) {
    sim.record.clear();
    sim.faults.clear();
    sim.scripts.clear();
    const Milliseconds clock_step = sim.settings.clock_step;  // time does not go back
    sim.settings = {};
    sim.settings.clock_step = clock_step;
    sim.discoveries.clear();
    sim.world.reset();
    return fine;
}

// --- GET ---

// The value of a number in the query, e.g. since in ?kind=invoke&since=7.
std::string query_value(std::string_view query, std::string_view name) {
    const std::string wanted = std::string(name) + "=";
    while (!query.empty()) {
        const std::string_view item = query.substr(0, query.find('&'));
        if (item.starts_with(wanted)) return std::string(item.substr(wanted.size()));
        query.remove_prefix(std::min(query.size(), item.size() + 1));
    }
    return {};
}

std::uint64_t number_or(const std::string& text, std::uint64_t fallback) {
    if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos || text.size() > 18) return fallback;
    return std::stoull(text);
}

std::string log(const Simulation& sim, std::string_view query) {
    const std::string kind = query_value(query, "kind");
    const std::uint64_t since = number_or(query_value(query, "since"), 0);
    const std::uint64_t most = number_or(query_value(query, "limit"), std::numeric_limits<std::uint64_t>::max());
    std::vector<const Entry*> chosen;
    const auto& entries = sim.record.entries();
    for (auto it = entries.rbegin(); it != entries.rend() && chosen.size() < most; ++it) {
        if ((*it)->id > since && (kind.empty() || (*it)->kind == kind)) chosen.push_back(it->get());
    }
    json::Writer out;
    out.begin_object().key("entries").begin_array();
    for (auto it = chosen.rbegin(); it != chosen.rend(); ++it) out.raw(Record::to_json(**it));
    return out.end_array().end_object().take();
}

std::string violations(const Simulation& sim) {
    json::Writer out;
    out.begin_object().member_integer("total", static_cast<std::int64_t>(sim.record.violations_total()));
    out.key("violations").begin_array();
    for (const Violation& violation : sim.record.violations()) {
        out.begin_object().member_integer("request", static_cast<std::int64_t>(violation.request));
        out.member("kind", violation.kind).member("detail", violation.detail).end_object();
    }
    return out.end_array().end_object().take();
}

template <class Map>
void counts(json::Writer& out, std::string_view name, const Map& map) {
    out.key(name).begin_object();
    for (const auto& [key, count] : map) {
        if constexpr (std::is_same_v<typename Map::key_type, int>) {
            out.member_integer(std::to_string(key), static_cast<std::int64_t>(count));
        } else {
            out.member_integer(key, static_cast<std::int64_t>(count));
        }
    }
    out.end_object();
}

std::string stats(const Simulation& sim) {
    const Counters& c = sim.record.counters;
    const std::pair<std::string_view, std::uint64_t> numbers[] = {
        {"models", c.models},
        {"aliases", c.aliases},
        {"discoveries", c.discoveries},
        {"invocations", c.invocations},
        {"completed", c.completed},
        {"aborted", c.aborted},
        {"nonces_issued", c.nonces_issued},
        {"nonces_spent", c.nonces_spent},
        {"nonces_refused", c.nonces_refused},
        {"nonces_reused", c.nonces_reused},
        {"connections", c.connections},
        {"tls_handshakes", c.tls_handshakes},
        {"tls_resumed", c.tls_resumed},
        {"open_connections", c.open_connections},
        {"open_requests", c.open_requests},
        {"open_streams", c.open_streams},
        {"open_streams_peak", c.open_streams_peak},
        {"violations", sim.record.violations_total()},
        {"scripts_left", sim.scripts.size()},
        {"seed", sim.random.seed()},
    };
    json::Writer out;
    out.begin_object();
    for (const auto& [name, value] : numbers) out.member_integer(name, static_cast<std::int64_t>(value));
    counts(out, "faults", c.faults);
    counts(out, "groups", c.groups);
    counts(out, "statuses", c.statuses);
    out.key("instances").begin_object();
    for (const auto& [id, instance] : c.instances) {
        out.key(id).begin_object().member_integer("invocations", static_cast<std::int64_t>(instance.invocations));
        out.member_integer("completed", static_cast<std::int64_t>(instance.completed));
        out.member_integer("streams", static_cast<std::int64_t>(instance.streams)).end_object();
    }
    out.end_object().key("aborts").begin_array();
    for (const Abort& abort : sim.record.aborts()) {
        out.begin_object().member_integer("request", static_cast<std::int64_t>(abort.request));
        out.member_raw("time", std::to_string(abort.time))
            .member_integer("events_sent", static_cast<std::int64_t>(abort.events_sent));
        out.end_object();
    }
    return out.end_array().end_object().take();
}

std::string faults(const Simulation&) {
    json::Writer out;
    out.begin_array();
    for (const FaultInfo& fault : fault_table()) {
        out.begin_object().member("name", fault.name).member("stage", stage_name(fault.stage));
        out.member("shape", fault.shape == Shape::any ? "any" : fault.shape == Shape::stream ? "stream" : "blob");
        out.member("what", fault.what).end_object();
    }
    return out.end_array().take();
}

std::string world(const Simulation& sim) {
    json::Writer out;
    out.begin_object().key("models").begin_array();
    for (const Model& model : sim.world.models()) {
        out.begin_object().member("id", model.id).member("root", model.root).member("chute", model.chute);
        out.member_raw("confidential_compute", model.confidential).key("instances").begin_array();
        for (const auto& instance : sim.world.instances()) {
            if (instance->chute == model.chute) out.string(instance->id);
        }
        out.end_array().end_object();
    }
    return out.end_array().member_raw("aliases", sim.world.aliases_json()).end_object().take();
}

// --- routes ---

struct Post {
    std::string_view path;
    Outcome (*act)(Simulation&, json::Value);
};
constexpr Post posts[] = {
    {"/script", add_script},
    {"/fault", add_fault},
    {"/latency", set_latency},
    {"/config", configure},
    {"/instance", change_instance},
    {"/restart-instance", restart},
    {"/reset", [](Simulation& sim, json::Value) { return reset(sim); }},
};

Outcome route(Simulation& sim, const Request& request) {
    const std::string_view target = request.target();
    const std::string_view path = target.substr(0, target.find('?'));
    const std::string_view query = path.size() < target.size() ? target.substr(path.size() + 1) : std::string_view();
    if (request.method() == http::verb::get) {
        if (path == "/log") return log(sim, query);
        if (path == "/violations") return violations(sim);
        if (path == "/stats") return stats(sim);
        if (path == "/faults") return faults(sim);
        if (path == "/world") return world(sim);
    }
    for (const Post& post : posts) {
        if (request.method() != http::verb::post || path != post.path) continue;
        const auto body = json::parse(request.body().empty() ? "{}" : std::string_view(request.body()));
        if (!body) return wrong(body.error().detail);
        return post.act(sim, body->root());
    }
    return wrong("no such call");
}

Awaitable<void> handle(Simulation& sim, Wire& wire, const Request& request) {
    const Outcome outcome = route(sim, request);
    json::Writer error;
    if (!outcome) error.begin_object().member("error", outcome.error()).end_object();
    Entry unused;
    Reply reply = outcome ? whole_reply(200, "application/json", *outcome) : whole_reply(400, "application/json", error.take());
    co_await send(std::move(reply), {wire, unused, {}, 0});
}

}  // namespace

Service admin_service(Simulation& simulation) {
    Service service;
    service.handle = [&simulation](Wire& wire, const Request& request) { return handle(simulation, wire, request); };
    return service;
}

}  // namespace sim
