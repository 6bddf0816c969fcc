// Random replies through both emitters: whatever the model said, however it was split and mixed, comes out as it was said.
#include "api/reply_accumulators.h"
#include "api/reply_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace {

using api::Dialect;
using reply_test::Segment;
using Kind = reply_test::Segment::Kind;

constexpr int replies_tried = 500;

class Dice {
public:
    explicit Dice(unsigned seed) : engine_(seed) {}
    // 0 … faces - 1
    std::size_t operator()(std::size_t faces) { return engine_() % faces; }
    bool one_in(std::size_t faces) { return (*this)(faces) == 0; }

private:
    std::mt19937 engine_;
};

std::string random_text(Dice& dice) {
    static const std::vector<std::string> words{"a",       "b ", "\n",     "  ",     "\"",     "\\",      "\t",
                                                "<",       "</", "é",      "😀",     "漢",     "<think>", "</think>",
                                                "{\"x\":", "]}", "[DONE]", "\u2028", "data: x"};
    std::string text;
    for (std::size_t left = dice(12) + 1; left > 0; --left) text += words[dice(words.size())];
    return text;
}

void write_random_value(Dice& dice, json::Writer& out, int depth);

void write_random_object(Dice& dice, json::Writer& out, int depth) {
    out.begin_object();
    for (std::size_t left = dice(4); left > 0; --left) {
        out.key(random_text(dice) + std::to_string(left));
        write_random_value(dice, out, depth + 1);
    }
    out.end_object();
}

void write_random_value(Dice& dice, json::Writer& out, int depth) {
    static const std::vector<std::string> plain{"null", "true", "-0.0",           "1e400", "12345678901234567890",
                                                "[ ]",  "{ }",  "[1, {\"a\":[]}]"};
    const std::size_t choice = dice(10);
    if (choice < 4) {
        out.string(random_text(dice));
    } else if (choice == 4 && depth < 3) {
        write_random_object(dice, out, depth);
    } else {
        out.raw(plain[dice(plain.size())]);
    }
}

// A reply as a model means it, and the chat chunks a server makes of it.
struct RandomReply {
    std::vector<Segment> segments;
    std::vector<std::string> call_ids;  // as sent, "" where none was
    std::vector<std::string> deltas;    // each a JSON object
};

std::vector<std::string> random_pieces(Dice& dice, std::string_view text) {
    std::vector<std::string> pieces;
    while (!text.empty()) {
        std::size_t size = std::min(dice(dice.one_in(3) ? 40 : 4) + 1, text.size());
        while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U)
            ++size;  // JSON holds characters
        pieces.emplace_back(text.substr(0, size));
        text.remove_prefix(size);
    }
    return pieces;
}

// Members that say nothing, as servers send them.
void add_nothing(Dice& dice, json::Writer& delta, std::string_view but) {
    for (const char* name : {"content", "reasoning_content", "reasoning", "tool_calls", "function_call", "refusal"}) {
        if (name != but && dice.one_in(5)) delta.member_null(name);
    }
    if (but != "content" && but != "" && dice.one_in(8)) delta.member("role", "assistant");
}

void say(Dice& dice, RandomReply& reply, const char* member, const std::string& text) {
    for (const std::string& piece : random_pieces(dice, text)) {
        json::Writer delta;
        delta.begin_object();
        add_nothing(dice, delta, member);
        reply.deltas.push_back(delta.member(member, piece).end_object().take());
    }
}

std::string tool_update(Dice& dice, std::size_t index, const Segment* opening, std::string_view id,
                        std::string_view arguments) {
    json::Writer delta;
    delta.begin_object();
    add_nothing(dice, delta, "tool_calls");
    delta.key("tool_calls").begin_array().begin_object().member_integer("index", std::int64_t(index));
    if (opening != nullptr && !id.empty()) {
        delta.member("id", id).member("type", "function");
    } else if (dice.one_in(3)) {
        delta.member_null("id");
    }
    delta.key("function").begin_object();
    if (opening != nullptr) {
        delta.member("name", opening->name);
    } else if (dice.one_in(3)) {
        delta.member_null("name");
    }
    if (!arguments.empty() || dice.one_in(2)) delta.member("arguments", arguments);
    return delta.end_object().end_object().end_array().end_object().take();
}

// Calls whose pieces are mixed at random; they count in the order they begin.
void call_tools(Dice& dice, RandomReply& reply, bool indices_start_over) {
    struct Call {
        Segment segment;
        std::string id;
        std::size_t index;
        std::vector<std::string> pieces;
        std::size_t sent = 0;
        bool begun = false;
    };
    std::size_t next_index = indices_start_over ? 0 : reply.call_ids.size();
    std::vector<Call> calls;
    for (std::size_t left = dice(4) + 1; left > 0; --left) {
        json::Writer arguments;
        write_random_object(dice, arguments, 0);
        const std::string text = dice.one_in(6) ? "" : arguments.take();
        const std::size_t number = reply.segments.size() + calls.size();
        const bool nameless = !indices_start_over && dice.one_in(5);
        calls.push_back({.segment = {Kind::tool, text, "tool" + std::to_string(dice(3))},
                         .id = nameless ? "" : "call-" + std::to_string(number),
                         .index = next_index++,
                         .pieces = random_pieces(dice, text)});
    }
    while (std::ranges::any_of(calls, [](const Call& call) { return !call.begun || call.sent < call.pieces.size(); })) {
        Call& call = calls[dice(calls.size())];
        if (call.begun && call.sent == call.pieces.size()) continue;
        const bool with_arguments = call.sent < call.pieces.size() && (call.begun || dice.one_in(2));
        const std::string piece = with_arguments ? call.pieces[call.sent++] : "";
        reply.deltas.push_back(tool_update(dice, call.index, call.begun ? nullptr : &call.segment, call.id, piece));
        if (!call.begun) reply.segments.push_back(call.segment);
        if (!call.begun) reply.call_ids.push_back(call.id);
        call.begun = true;
    }
}

bool is_blank(const std::string& text) {
    return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

RandomReply random_reply(Dice& dice) {
    RandomReply reply;
    const bool indices_start_over = dice.one_in(3);  // a later batch of calls uses the indices of an earlier one
    std::optional<Kind> before;
    for (std::size_t left = dice(6); left > 0; --left) {
        const Kind kind = std::vector{Kind::reasoning, Kind::text, Kind::tool}[dice(3)];
        if (kind == before) continue;
        // White space that is followed by no text says nothing.
        if (before != Kind::text && kind != Kind::text && dice.one_in(3)) say(dice, reply, "content", " \n");
        std::string text = random_text(dice);
        if (kind == Kind::tool) {
            call_tools(dice, reply, indices_start_over);
        } else if (kind == Kind::reasoning) {
            reply.segments.push_back({kind, text, ""});
            if (!before && dice.one_in(2) && text.find("</think>") == std::string::npos) {
                say(dice, reply, "content", "\n<think>" + text + "</think>");
            } else {
                say(dice, reply, dice.one_in(2) ? "reasoning" : "reasoning_content", text);
            }
        } else {
            if (is_blank(text)) text += ".";
            const std::size_t first = text.find_first_not_of(" \t\r\n");
            if (!before && text.substr(first).starts_with("<think>")) text = "x" + text;
            reply.segments.push_back({kind, text, ""});
            say(dice, reply, "content", text);
        }
        before = kind;
    }
    return reply;
}

std::string event_stream(Dice& dice, const RandomReply& reply) {
    const std::string line_end = dice.one_in(4) ? "\r\n" : "\n";
    std::string out;
    const auto send = [&](const std::string& data) {
        out += (dice.one_in(3) ? "data:" : "data: ") + data + line_end + line_end;
    };
    send(R"({"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null})");
    for (const std::string& delta : reply.deltas) {
        if (dice.one_in(10)) out += ": a comment" + line_end + line_end;
        send(R"({"id":"x","choices":[{"index":0,"delta":)" + delta + R"(,"logprobs":null,"finish_reason":null}]})");
    }
    send(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})");
    send(R"({"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7}})");
    send("[DONE]");
    return out;
}

// Cut anywhere, within characters too.
std::vector<std::string> random_cuts(Dice& dice, std::string_view bytes) {
    std::vector<std::string> pieces;
    const std::size_t longest = dice.one_in(2) ? 200 : 7;
    while (!bytes.empty()) {
        const std::size_t size = std::min(dice(longest) + 1, bytes.size());
        pieces.emplace_back(bytes.substr(0, size));
        bytes.remove_prefix(size);
    }
    return pieces;
}

std::vector<Segment> with_empty_arguments_as(std::vector<Segment> segments, const std::string& text) {
    for (Segment& segment : segments) {
        if (segment.kind == Kind::tool && segment.text.empty()) segment.text = text;
    }
    return segments;
}

void expect_ids(const std::vector<std::string>& sent, const std::vector<std::string>& got) {
    ASSERT_EQ(sent.size(), got.size());
    for (std::size_t i = 0; i < sent.size(); ++i) {
        EXPECT_TRUE(sent[i].empty() ? !got[i].empty() : sent[i] == got[i]);
        EXPECT_EQ(std::ranges::count(got, got[i]), 1);
    }
}

namespace rt = reply_test;

TEST(reply_property, a_claude_client_reads_what_the_model_said) {
    for (int seed = 0; seed < replies_tried; ++seed) {
        SCOPED_TRACE(seed);
        Dice dice(unsigned(seed) + 1);
        const RandomReply reply = random_reply(dice);
        const std::string upstream = event_stream(dice, reply);
        const rt::Seen seen = rt::run(rt::context_of(Dialect::messages, R"({"model":"m"})"), random_cuts(dice, upstream));
        ASSERT_EQ(seen.failure, std::nullopt) << upstream;
        const json::Document events = rt::events_of(seen.bytes);
        const rt::Accumulated got = rt::accumulate_messages(events.root());
        ASSERT_EQ(got.complaints, std::vector<std::string>{}) << upstream << seen.bytes;
        ASSERT_EQ(got.segments, reply.segments) << upstream << seen.bytes;
        expect_ids(reply.call_ids, got.call_ids);
        EXPECT_EQ(got.end, reply.call_ids.empty() ? "end_turn" : "tool_use");
        EXPECT_EQ(got.input_tokens, 11);
        EXPECT_EQ(got.output_tokens, 7);
    }
}

TEST(reply_property, a_responses_client_reads_what_the_model_said) {
    for (int seed = 0; seed < replies_tried; ++seed) {
        SCOPED_TRACE(seed);
        Dice dice(unsigned(seed) + 1);
        const RandomReply reply = random_reply(dice);
        const std::string upstream = event_stream(dice, reply);
        const char* request = dice.one_in(2) ? R"({"model":"m","reasoning":{"summary":"auto"}})" : R"({"model":"m"})";
        const rt::Seen seen = rt::run(rt::context_of(Dialect::responses, request), random_cuts(dice, upstream));
        ASSERT_EQ(seen.failure, std::nullopt) << upstream;
        const json::Document events = rt::events_of(seen.bytes);
        const rt::Accumulated got = rt::accumulate_responses(events.root());
        ASSERT_EQ(got.complaints, std::vector<std::string>{}) << upstream << seen.bytes;
        ASSERT_EQ(got.segments, with_empty_arguments_as(reply.segments, "{}")) << upstream << seen.bytes;
        expect_ids(reply.call_ids, got.call_ids);
        EXPECT_EQ(got.end, "completed");
        EXPECT_EQ(got.input_tokens, 11);
        EXPECT_EQ(got.output_tokens, 7);
    }
}

TEST(reply_property, a_chat_client_gets_every_byte_but_the_usage_it_did_not_ask_for) {
    for (int seed = 0; seed < replies_tried; ++seed) {
        SCOPED_TRACE(seed);
        Dice dice(unsigned(seed) + 1);
        std::string upstream = event_stream(dice, random_reply(dice));
        const rt::Seen seen = rt::run(rt::context_of(Dialect::chat, R"({"model":"m"})"), random_cuts(dice, upstream));
        ASSERT_EQ(seen.failure, std::nullopt) << upstream;
        const std::size_t usage = upstream.find(R"({"choices":[],"usage")");
        const std::size_t from = upstream.rfind('\n', usage) + 1;
        EXPECT_EQ(seen.bytes, upstream.substr(0, from) + "data: [DONE]\n\n");
    }
}

// A reply that is not a stream says the same as one that is.
TEST(reply_property, a_whole_reply_says_what_its_stream_says) {
    for (int seed = 0; seed < replies_tried; ++seed) {
        SCOPED_TRACE(seed);
        Dice dice(unsigned(seed) + 1);
        json::Writer message;
        message.begin_object().member("role", "assistant");
        message.key("reasoning_content");
        dice.one_in(2) ? message.string(random_text(dice)) : message.null();
        message.key("content");
        dice.one_in(3) ? message.null() : message.string(random_text(dice));
        message.key("tool_calls").begin_array();
        for (std::size_t left = dice(3); left > 0; --left) {
            json::Writer arguments;
            write_random_object(dice, arguments, 0);
            message.begin_object().member("id", "c" + std::to_string(left)).key("function").begin_object().member("name", "f");
            message.key("arguments");
            dice.one_in(2) ? message.string(arguments.text()) : message.raw(arguments.text());
            message.end_object().end_object();
        }
        const std::string body = message.end_array().end_object().take();
        const std::string whole = R"({"choices":[{"index":0,"message":)" + body + R"(,"finish_reason":"stop"}]})";
        const std::string chunk = R"(data: {"choices":[{"index":0,"delta":)" + body + R"(,"finish_reason":"stop"}]})" + "\n\n";

        const api::ReplyContext claude = rt::context_of(Dialect::messages, R"({"model":"m"})");
        const auto one = json::parse(api::whole_reply(claude, rt::stamp, whole).value());
        const json::Document events = rt::events_of(rt::run(claude, {chunk}).bytes);
        std::vector<Segment> streamed = with_empty_arguments_as(rt::accumulate_messages(events.root()).segments, "{}");
        for (Segment& segment : streamed) {
            if (segment.kind == Kind::tool) segment.text = json::parse(segment.text).value().root().dump();
        }
        ASSERT_EQ(rt::read_message(one.value().root()).segments, streamed) << whole;

        const api::ReplyContext openai = rt::context_of(Dialect::responses, R"({"model":"m"})");
        const auto other = json::parse(api::whole_reply(openai, rt::stamp, whole).value());
        const json::Document more_events = rt::events_of(rt::run(openai, {chunk}).bytes);
        ASSERT_EQ(rt::read_response(other.value().root()).segments, rt::accumulate_responses(more_events.root()).segments)
            << whole;
    }
}

}  // namespace
