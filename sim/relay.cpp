#include "sim/relay.h"

#include "sim/refusals.h"

#include <algorithm>
#include <exception>

namespace sim {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t envelope_sample_max = 1200;

std::string bearer_of(const Request& request) {
    const std::string_view value = request[http::field::authorization];
    constexpr std::string_view scheme = "Bearer ";
    return value.starts_with(scheme) ? std::string(value.substr(scheme.size())) : std::string();
}

std::string_view path_of(std::string_view target) {
    return target.substr(0, target.find('?'));
}

constexpr std::string_view instances_prefix = "/e2e/instances/";

std::string kind_of(const Request& request) {
    const std::string_view path = path_of(request.target());
    const bool reads = request.method() == http::verb::get;
    if (reads && path == "/v1/models") return "models";
    if (reads && (path == "/model_aliases/" || path == "/model_aliases")) return "aliases";
    if (reads && path.starts_with(instances_prefix)) return "discovery";
    if (request.method() == http::verb::post && path == "/e2e/invoke") return "invoke";
    return "other";
}

void fill(Entry& entry, const Request& request) {
    entry.method = request.method_string();
    entry.target = request.target();
    for (const auto& field : request) entry.headers.emplace_back(field.name_string(), field.value());
    entry.body_size = request.body().size();
    entry.envelope = request.body().substr(0, envelope_sample_max);
    entry.credential = bearer_of(request);
}

}  // namespace

Service Relay::service() {
    Service service;
    service.handle = [this](Wire& wire, const Request& request) { return handle(wire, request); };
    service.opened = [this] {
        ++sim_.record.counters.connections;
        ++sim_.record.counters.open_connections;
    };
    service.closed = [this] { --sim_.record.counters.open_connections; };
    service.shook_hands = [this](const Service::Handshake& handshake) {
        ++sim_.record.counters.tls_handshakes;
        ++sim_.record.counters.groups[handshake.group];
        if (handshake.resumed) ++sim_.record.counters.tls_resumed;
    };
    service.welcome = [this] {
        const auto hit = sim_.faults.strike({.stage = Stage::connect}, sim_.random);
        if (!hit) return Welcome::serve;
        ++sim_.record.counters.faults[std::string(hit->name)];
        if (hit->name == "connect_reset") return Welcome::reset;
        if (hit->name == "connect_close") return Welcome::close;
        return hit->name == "connect_stall" ? Welcome::stall : Welcome::garbage;
    };
    return service;
}

Awaitable<void> Relay::handle(Wire& wire, const Request& request) {
    const EntryPointer entry = sim_.record.begin(kind_of(request));
    fill(*entry, request);
    std::string failure;
    try {
        Answer answer = route(request, *entry);
        co_await deliver(wire, *entry, std::move(answer));
    } catch (const std::exception& error) {
        failure = error.what();
    }
    if (!failure.empty()) {
        sim_.record.violation(*entry, "simulator_failed", failure);
        sim_.record.end(*entry, "cut");
        wire.reset();
    }
}

Awaitable<void> Relay::deliver(Wire& wire, Entry& entry, Answer answer) {
    // Counts what is open, whatever ends it.
    class Open {
    public:
        Open(Counters& counters, const Answer& answer)
            : counters_(counters), instance_(answer.instance), stream_(answer.stream) {
            if (instance_ != nullptr) ++instance_->running;
            if (stream_) counters_.open_streams_peak = std::max(counters_.open_streams_peak, ++counters_.open_streams);
        }
        Open(const Open&) = delete;
        Open& operator=(const Open&) = delete;
        ~Open() {
            if (instance_ != nullptr) --instance_->running;
            if (stream_) --counters_.open_streams;
        }

    private:
        Counters& counters_;
        Instance* instance_;
        bool stream_;
    };
    const Open open(sim_.record.counters, answer);
    Instance* const instance = answer.instance;
    entry.status = answer.reply.silent ? 0 : answer.reply.status;
    if (entry.kind == "invoke") ++sim_.record.counters.statuses[entry.status];
    const std::string_view how =
        co_await send(std::move(answer.reply), {wire, entry, answer.latency, sim_.settings.write_size});
    if (instance != nullptr && how == "complete") ++sim_.record.counters.instances[instance->id].completed;
    sim_.record.end(entry, how);
}

Relay::Answer Relay::route(const Request& request, Entry& entry) {
    if (request.count(http::field::host) != 1) sim_.record.violation(entry, "host_header", "there must be exactly one Host");
    if (entry.kind == "models") {
        ++sim_.record.counters.models;
        const bool given = request.count(http::field::authorization) > 0;
        if ((given || sim_.settings.models_need_key) && !credential_accepted(entry.credential)) {
            return {account_refusal(401), {}, nullptr, false};
        }
        return {models(entry), {sim_.settings.models_latency, {}}, nullptr, false};
    }
    if (entry.kind == "other") {
        sim_.record.violation(entry, "unknown_path", entry.method + " " + entry.target);
        return {detail_reply(404, "Not Found"), {}, nullptr, false};
    }
    if (entry.kind == "invoke") {
        ++sim_.record.counters.invocations;
        return invoke(request, entry);
    }
    if (!credential_accepted(entry.credential)) return {account_refusal(401), {}, nullptr, false};
    if (entry.kind == "aliases") {
        ++sim_.record.counters.aliases;
        return {aliases(entry), {sim_.settings.models_latency, {}}, nullptr, false};
    }
    ++sim_.record.counters.discoveries;
    entry.chute = path_of(entry.target).substr(instances_prefix.size());
    return {discovery(entry, entry.chute), {sim_.settings.discovery_latency, {}}, nullptr, false};
}

bool Relay::credential_accepted(std::string_view credential) const {
    const auto& accepted = sim_.settings.credentials;
    if (accepted.empty()) return credential.starts_with("cpk_");
    return std::ranges::find(accepted, credential) != accepted.end();
}

std::optional<Hit> Relay::strike(Entry& entry, const Faults::Occasion& occasion) {
    auto hit = sim_.faults.strike(occasion, sim_.random);
    if (hit) {
        entry.fault = hit->name;
        ++sim_.record.counters.faults[entry.fault];
    }
    return hit;
}

}  // namespace sim
