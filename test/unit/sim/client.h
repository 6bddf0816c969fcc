// A client of the simulator without sockets: requests go to the relay's handler, replies are collected as they would be
// written.
#pragma once

#include "base/base64.h"
#include "e2ee/exchange.h"
#include "json/json.h"
#include "sim/relay.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/http.hpp>

#include <string>

namespace sim_test {

class CollectingWire : public sim::Wire {
public:
    sim::Awaitable<bool> write(std::string_view bytes) override {
        written += bytes;
        co_return true;
    }
    sim::Awaitable<bool> pause(sim::Milliseconds) override { co_return true; }
    sim::Awaitable<void> until_peer_leaves() override {
        stalled = true;
        co_return;
    }
    void reset() override { was_reset = true; }
    void close() override { was_closed = true; }
    [[nodiscard]] bool peer_gone() const override { return false; }

    std::string written;
    bool stalled = false;
    bool was_reset = false;
    bool was_closed = false;
};

struct Got {
    int status = 0;
    std::string body;
    bool whole = false;  // the HTTP message is complete
    bool stalled = false;
    bool was_reset = false;
    bool was_closed = false;
};

struct Ticket {
    std::string instance;
    std::string key_base64;
    std::string nonce;
};

inline constexpr std::string_view model_name = "sim/Single-TEE";

class Client {
public:
    Got send(const sim::Request& request) {
        namespace http = boost::beast::http;
        const sim::Service service = relay.service();
        CollectingWire wire;
        boost::asio::io_context loop;
        boost::asio::co_spawn(loop, service.handle(wire, request), boost::asio::detached);
        loop.run();

        http::response_parser<http::string_body> parser;
        parser.body_limit(std::uint64_t{1} << 30);
        parser.eager(true);
        boost::system::error_code error;
        for (std::string rest = wire.written; !rest.empty() && !error && !parser.is_done();) {
            const std::size_t used = parser.put(boost::asio::buffer(rest), error);
            rest.erase(0, used);
        }
        return {parser.is_header_done() ? static_cast<int>(parser.get().result_int()) : 0,
                parser.get().body(),
                parser.is_done(),
                wire.stalled,
                wire.was_reset,
                wire.was_closed};
    }

    sim::Request request(std::string_view method, const std::string& target) const {
        sim::Request out;
        out.method_string(method);
        out.target(target);
        out.version(11);
        out.set("Host", "localhost");
        out.set("Authorization", "Bearer " + key);
        return out;
    }

    Ticket discover() {
        const Got got = send(request("GET", "/e2e/instances/" + chute));
        const auto document = json::parse(got.body);
        const json::Value instance = *document->root()["instances"].elements().begin();
        return {std::string(*instance["instance_id"].as_string()), std::string(*instance["e2e_pubkey"].as_string()),
                std::string(*(*instance["nonces"].elements().begin()).as_string())};
    }

    sim::Request invocation(const Ticket& ticket, std::string_view envelope, std::string_view stream) const {
        sim::Request out = request("POST", "/e2e/invoke");
        out.set("X-Chute-Id", chute);
        out.set("X-Instance-Id", ticket.instance);
        out.set("X-E2E-Nonce", ticket.nonce);
        out.set("X-E2E-Stream", stream);
        out.set("X-E2E-Path", "/v1/chat/completions");
        out.set("X-E2EE-Usage-Passthrough", "false");
        out.set("Content-Type", "application/octet-stream");
        out.body() = envelope;
        return out;
    }

    static e2ee::SealedRequest seal(const Ticket& ticket, std::string_view body) {
        const auto key = crypto::EncapsulationKey::parse(*base::base64_decode(ticket.key_base64));
        return std::move(*e2ee::seal_request(*key, body));
    }

    // A whole stream, opened as the proxy opens it.
    struct Opened {
        Got got;
        base::Result<std::string> plaintext;
    };
    Opened stream(std::string_view body) {
        const Ticket ticket = discover();
        e2ee::SealedRequest sealed = seal(ticket, body);
        Got got = send(invocation(ticket, base::as_text(sealed.envelope), "true"));
        e2ee::StreamOpener opener = std::move(sealed.reply).open_stream();
        std::string plaintext;
        base::Result<void> fine = opener.feed(got.body, plaintext);
        if (fine) fine = opener.finish(plaintext);
        if (!fine) return {std::move(got), std::unexpected(fine.error())};
        return {std::move(got), std::move(plaintext)};
    }

    sim::Simulation simulation{"", 1};
    sim::Relay relay{simulation};
    std::string key = "cpk_test";
    std::string chute = simulation.world.chute_named(model_name);
};

}  // namespace sim_test
