// The simulator judged by the proxy's own opener, and by what a careless client would do.
#include "client.h"
#include "crypto/gzip.h"
#include "sim/faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace {

using sim_test::Client;
using sim_test::Got;
using sim_test::Ticket;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string chat = R"({"model":"sim/Single-TEE","messages":[{"role":"user","content":"hello brave new world"}]})";
const std::string chat_stream =
    R"({"model":"sim/Single-TEE","stream":true,"messages":[{"role":"user","content":"hello brave new world"}]})";

std::vector<std::string> violations(const Client& client) {
    std::vector<std::string> out;
    for (const sim::Violation& violation : client.simulation.record.violations()) out.push_back(violation.kind);
    return out;
}

void strike(Client& client, std::string_view fault) {
    sim::Rule rule;
    rule.choices = {sim::fault_named(fault)};
    client.simulation.faults.add(std::move(rule));
}

TEST(simulator, answers_a_sealed_chat_with_a_reply_only_its_client_opens) {
    Client client;
    const Ticket ticket = client.discover();
    e2ee::SealedRequest sealed = Client::seal(ticket, chat);
    const Got got = client.send(client.invocation(ticket, base::as_text(sealed.envelope), "false"));
    EXPECT_EQ(got.status, 200);
    const auto plain = std::move(sealed.reply).open_reply(base::as_bytes(got.body));
    ASSERT_TRUE(plain);
    EXPECT_THAT(*plain, HasSubstr(R"("content":"hello brave new world")"));
    EXPECT_THAT(violations(client), IsEmpty());
}

TEST(simulator, shows_the_bytes_the_instance_opened) {
    Client client;
    const Ticket ticket = client.discover();
    const e2ee::SealedRequest sealed = Client::seal(ticket, chat);
    (void)client.send(client.invocation(ticket, base::as_text(sealed.envelope), "false"));
    const sim::Entry& entry = *client.simulation.record.entries().back();
    EXPECT_TRUE(entry.opened);
    EXPECT_TRUE(entry.plaintext.starts_with(chat.substr(0, chat.size() - 1)));
    EXPECT_THAT(entry.envelope, testing::Not(HasSubstr("hello")));
}

TEST(simulator, streams_the_same_plaintext_however_it_is_cut) {
    std::set<std::string> seen;
    for (const auto chunking :
         {sim::Chunking::line, sim::Chunking::event, sim::Chunking::whole, sim::Chunking::bytes, sim::Chunking::split}) {
        for (const std::size_t write_size : {0, 1, 1000}) {
            Client client;
            client.simulation.settings.chunking = chunking;
            client.simulation.settings.write_size = write_size;
            const auto opened = client.stream(chat_stream);
            ASSERT_TRUE(opened.plaintext) << opened.plaintext.error().detail;
            EXPECT_TRUE(opened.got.whole);
            seen.insert(*opened.plaintext);
        }
    }
    EXPECT_EQ(seen.size(), 1U);
    EXPECT_TRUE(seen.begin()->ends_with("data: [DONE]\n\n"));
}

// What the proxy's stream opener says to each forgery: the fault does what its name says.
TEST(simulator, forges_streams_that_do_not_open) {
    for (const auto fault :
         {"wrong_tag", "bit_flip", "replayed_chunk", "second_init", "chunk_before_init", "no_init", "short_init", "bad_base64",
          "short_chunk", "wrong_type_chunk", "wrong_key", "end_mid_chunk", "stream_as_json"}) {
        Client client;
        strike(client, fault);
        EXPECT_FALSE(client.stream(chat_stream).plaintext) << fault;
        EXPECT_THAT(violations(client), IsEmpty()) << fault;
    }
}

TEST(simulator, reports_a_relays_error_in_clear) {
    for (const auto fault : {"clear_error", "clear_error_first"}) {
        Client client;
        strike(client, fault);
        const auto opened = client.stream(chat_stream);
        ASSERT_FALSE(opened.plaintext) << fault;
        EXPECT_EQ(opened.plaintext.error().kind, base::ErrorKind::relay_reported) << fault;
    }
}

TEST(simulator, hides_what_version_1_cannot_tell) {
    const auto honest = Client().stream(chat_stream).plaintext;
    for (const auto fault : {"dropped_chunk", "reordered_chunks"}) {
        Client client;
        strike(client, fault);
        const auto opened = client.stream(chat_stream);
        ASSERT_TRUE(opened.plaintext) << fault;
        EXPECT_NE(*opened.plaintext, *honest) << fault;
    }
}

TEST(simulator, cuts_streams_where_the_fault_says) {
    struct Case {
        std::string_view fault;
        bool stalled, reset, closed, whole;
    };
    const Case cases[] = {{"stall_after_init", true, false, false, false},
                          {"reset_mid_event", false, true, false, false},
                          {"close_mid_stream", false, false, true, false},
                          {"end_mid_stream", false, false, false, true},
                          {"stall_before_status", true, false, false, false}};
    for (const Case& c : cases) {
        Client client;
        strike(client, c.fault);
        const Got got = client.stream(chat_stream).got;
        EXPECT_EQ(got.stalled, c.stalled) << c.fault;
        EXPECT_EQ(got.was_reset, c.reset) << c.fault;
        EXPECT_EQ(got.was_closed, c.closed) << c.fault;
        EXPECT_EQ(got.whole, c.whole) << c.fault;
    }
}

TEST(simulator, leaves_the_end_out_when_told_to) {
    const std::string done = "data: [DONE]";
    const std::string finish = R"("finish_reason":"stop")";
    const auto ends = [&](std::string_view fault) {
        Client client;
        strike(client, fault);
        const std::string text = *client.stream(chat_stream).plaintext;
        return std::pair(text.find(finish) != std::string::npos, text.find(done) != std::string::npos);
    };
    EXPECT_EQ(ends("end_without_done"), std::pair(true, false));
    EXPECT_EQ(ends("end_without_finish"), std::pair(false, true));
    EXPECT_EQ(ends("end_with_neither"), std::pair(false, false));
}

TEST(simulator, bombs_with_more_than_a_gibibyte) {
    const base::Bytes& bomb = sim::gzip_bomb();
    EXPECT_LT(bomb.size(), 8U << 20);
    EXPECT_FALSE(crypto::gunzip(bomb, 1U << 20));
    const std::uint32_t size = bomb[bomb.size() - 4] | bomb[bomb.size() - 3] << 8 | bomb[bomb.size() - 2] << 16 |
                               static_cast<std::uint32_t>(bomb[bomb.size() - 1]) << 24;
    EXPECT_GE(size, 1U << 30);
}

// --- violations ---

TEST(simulator, notices_a_nonce_sent_twice) {
    Client client;
    const Ticket ticket = client.discover();
    (void)client.send(client.invocation(ticket, base::as_text(Client::seal(ticket, chat).envelope), "false"));
    const Got again = client.send(client.invocation(ticket, base::as_text(Client::seal(ticket, chat).envelope), "false"));
    EXPECT_EQ(again.status, 403);
    EXPECT_THAT(violations(client), ElementsAre("nonce_reused"));
}

TEST(simulator, notices_a_nonce_of_another_credential) {
    Client client;
    const Ticket ticket = client.discover();
    client.key = "cpk_other";
    const Got got = client.send(client.invocation(ticket, base::as_text(Client::seal(ticket, chat).envelope), "false"));
    EXPECT_EQ(got.status, 403);
    EXPECT_THAT(violations(client), ElementsAre("nonce_of_another_credential"));
}

TEST(simulator, notices_a_nonce_that_aged) {
    Client client;
    const Ticket ticket = client.discover();
    client.simulation.settings.clock_step = sim::Milliseconds(61'000);
    (void)client.send(client.invocation(ticket, base::as_text(Client::seal(ticket, chat).envelope), "false"));
    EXPECT_THAT(violations(client), ElementsAre("nonce_expired"));
}

TEST(simulator, notices_a_stream_header_that_disagrees) {
    Client client;
    const Ticket ticket = client.discover();
    const Got got = client.send(client.invocation(ticket, base::as_text(Client::seal(ticket, chat).envelope), "true"));
    EXPECT_EQ(got.status, 400);
    EXPECT_THAT(violations(client), ElementsAre("stream_mismatch"));
}

TEST(simulator, notices_a_model_under_another_name) {
    Client client;
    const Ticket ticket = client.discover();
    const e2ee::SealedRequest sealed = Client::seal(ticket, R"({"model":"sim/single-tee","messages":[]})");
    EXPECT_EQ(client.send(client.invocation(ticket, base::as_text(sealed.envelope), "false")).status, 404);
    EXPECT_THAT(violations(client), ElementsAre("model_mismatch"));
}

TEST(simulator, notices_headers_that_do_not_belong) {
    Client client;
    const Ticket ticket = client.discover();
    sim::Request request = client.invocation(ticket, base::as_text(Client::seal(ticket, chat).envelope), "false");
    request.set("X-Api-Key", "cpk_test");
    request.set("Content-Type", "application/json");
    request.erase("X-E2EE-Usage-Passthrough");
    EXPECT_EQ(client.send(request).status, 415);
    EXPECT_THAT(violations(client), testing::UnorderedElementsAre("header_unknown", "content_type", "header_missing"));
}

TEST(simulator, notices_an_envelope_that_nobody_can_open) {
    Client client;
    Ticket ticket = client.discover();
    std::string envelope(base::as_text(Client::seal(ticket, chat).envelope));
    envelope.back() = static_cast<char>(envelope.back() ^ 1);
    EXPECT_EQ(client.send(client.invocation(ticket, envelope, "false")).status, 400);
    ticket = client.discover();
    EXPECT_EQ(client.send(client.invocation(ticket, "short", "false")).status, 400);
    EXPECT_THAT(violations(client), ElementsAre("envelope_does_not_open", "envelope_too_short"));
}

TEST(simulator, does_not_blame_the_client_for_a_restart) {
    Client client;
    const Ticket ticket = client.discover();
    client.simulation.world.instance(ticket.instance)->restart();
    const Got got = client.send(client.invocation(ticket, base::as_text(Client::seal(ticket, chat).envelope), "false"));
    EXPECT_EQ(got.status, 502);
    EXPECT_THAT(violations(client), IsEmpty());
}

// --- rules ---

TEST(fault_rules, strike_as_often_as_told_and_where_told) {
    sim::Faults faults;
    sim::Random random(1);
    sim::Rule rule;
    rule.choices = {sim::fault_named("internal_error")};
    rule.skip = 1;
    rule.left = 2;
    rule.instance = "a";
    faults.add(std::move(rule));
    const auto strikes = [&](std::string_view instance) {
        return faults.strike({.stage = sim::Stage::invoke, .shape = sim::Shape::blob, .instance = instance}, random)
            .has_value();
    };
    EXPECT_FALSE(strikes("b"));
    EXPECT_FALSE(strikes("a"));
    EXPECT_TRUE(strikes("a"));
    EXPECT_TRUE(strikes("a"));
    EXPECT_FALSE(strikes("a"));
}

TEST(fault_rules, the_same_seed_draws_the_same) {
    const auto draw = [] {
        sim::Faults faults;
        sim::Random random(7);
        sim::Rule rule;
        rule.choices = {sim::fault_named("internal_error"), sim::fault_named("wrong_tag")};
        rule.left = -1;
        rule.probability = 0.5;
        faults.add(std::move(rule));
        std::string out;
        for (int i = 0; i < 100; ++i) {
            const auto hit = faults.strike({.stage = sim::Stage::invoke, .shape = sim::Shape::stream}, random);
            out += hit ? hit->name : "-";
        }
        return out;
    };
    const std::string drawn = draw();
    EXPECT_EQ(drawn, draw());
    EXPECT_THAT(drawn, testing::AllOf(HasSubstr("internal_error"), HasSubstr("wrong_tag"), HasSubstr("--")));
}

}  // namespace
