#include "api/reply_support.h"

#include "api/request.h"
#include "sse/reader.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace reply_test {

namespace {

std::string concatenated(json::Value first, json::Value second) {
    json::Writer text;
    text.string(std::string(first.as_string().value_or("")) + std::string(second.as_string().value_or("")));
    return text.take();
}

// What two adjacent deltas must share to be one.
std::string block_of(json::Value event) {
    const std::string_view type = event["type"].as_string().value_or("");
    if (type == "content_block_delta") return event["index"].dump() + event["delta"]["type"].dump();
    if (type.ends_with(".delta")) return std::string(type) + event["item_id"].dump();
    return "";
}

json::Document document(std::string_view text) {
    return std::move(json::parse(text).value());
}

json::Document merged(json::Value first, json::Value second) {
    json::Writer out;
    out.begin_object();
    for (const json::Member member : first.members()) {
        if (member.name != "delta") {
            out.member_value(member.name, member.value);
        } else if (member.value.is(json::Kind::string)) {
            out.member_raw("delta", concatenated(member.value, second["delta"]));
        } else {
            out.key("delta").begin_object();
            for (const json::Member inner : member.value.members()) {
                if (inner.name == "type") out.member_value("type", inner.value);
                if (inner.name != "type") out.member_raw(inner.name, concatenated(inner.value, second["delta"][inner.name]));
            }
            out.end_object();
        }
    }
    return document(out.end_object().text());
}

}  // namespace

api::ReplyContext context_of(api::Dialect dialect, std::string_view request) {
    std::string body(request);
    const auto add_unless_there = [&](std::string_view name, std::string_view value) {
        if (!json::parse(body).value().root()[name].present()) body = json::append_member(body, name, value);
    };
    if (dialect == api::Dialect::messages) {
        add_unless_there("max_tokens", "9");
        add_unless_there("messages", R"([{"role":"user","content":"x"}])");
    } else {
        add_unless_there("input", "\"x\"");
    }
    return api::Request::read(dialect, "/v1/chat/completions", std::move(body)).value().reply_context();
}

Seen run(const api::ReplyContext& context, const std::vector<std::string>& pieces) {
    const auto stream = api::ReplyStream::start(context, stamp);
    Seen seen;
    const auto take = [&](const api::Output& out) {
        seen.bytes += out.bytes;
        if (!out.failure) return true;
        seen.failure = out.failure;
        seen.nothing_before_failure = seen.bytes.empty();
        seen.bytes += stream->fail(*out.failure);
        return false;
    };
    for (const std::string& piece : pieces) {
        if (!take(stream->feed(piece))) return seen;
    }
    take(stream->finish());
    return seen;
}

std::string event(std::string_view data) {
    return "data: " + std::string(data) + "\n\n";
}

std::string chunk(std::string_view delta) {
    return event(R"({"choices":[{"index":0,"delta":)" + std::string(delta) + R"(,"finish_reason":null}]})");
}

std::string finished(std::string_view reason, std::string_view more_members) {
    return event(R"({"choices":[{"index":0,"delta":{},"finish_reason":")" + std::string(reason) + "\"" +
                 std::string(more_members) + "}]}");
}

std::string content(std::string_view text) {
    json::Writer delta;
    return chunk(delta.begin_object().member("content", text).end_object().text());
}

std::string tool_call(std::string_view call) {
    return chunk(R"({"tool_calls":[)" + std::string(call) + "]}");
}

std::vector<std::string> cut(std::string_view upstream, Cut how) {
    std::vector<std::string> pieces;
    if (how == Cut::one_write) return {std::string(upstream)};
    if (how == Cut::byte_by_byte) {
        for (const char c : upstream) pieces.emplace_back(1, c);
        return pieces;
    }
    while (!upstream.empty()) {
        const std::size_t size = std::min(upstream.find('\n'), upstream.size() - 1) + 1;
        pieces.emplace_back(upstream.substr(0, size / 2));
        pieces.emplace_back(upstream.substr(size / 2, size - size / 2));
        upstream.remove_prefix(size);
    }
    return pieces;
}

json::Document events_of(std::string_view bytes) {
    sse::Reader reader;
    EXPECT_TRUE(reader.feed(bytes).has_value());
    EXPECT_FALSE(reader.mid_event());
    json::Writer events;
    events.begin_array();
    while (const auto event = reader.next()) {
        const auto data = json::parse(event->data);
        if (!data) {
            ADD_FAILURE() << "an event is not JSON: " << event->data;
            continue;
        }
        EXPECT_EQ(event->type, data->root()["type"].as_string().value_or("")) << event->data;
        events.value(data->root());
    }
    return document(events.end_array().text());
}

json::Document condensed(json::Value events) {
    std::vector<json::Document> kept;
    for (const json::Value event : events.elements()) {
        if (event["type"].as_string() == "ping") continue;
        const std::string block = block_of(event);
        if (!block.empty() && !kept.empty() && block_of(kept.back().root()) == block) {
            kept.back() = merged(kept.back().root(), event);
        } else {
            kept.push_back(document(event.dump()));
        }
    }
    json::Writer list;
    list.begin_array();
    for (const json::Document& event : kept) list.value(event.root());
    return document(list.end_array().text());
}

std::string Comparison::difference(json::Value expected, json::Value actual) {
    if (expected.kind() != actual.kind()) return ": " + expected.dump() + " became " + actual.dump();
    if (expected.is(json::Kind::array)) {
        if (expected.size() != actual.size()) return ": another length: " + expected.dump() + " became " + actual.dump();
        auto other = actual.elements().begin();
        std::size_t number = 0;
        for (const json::Value element : expected.elements()) {
            if (std::string found = difference(element, *other); !found.empty()) return "." + std::to_string(number) + found;
            ++other;
            ++number;
        }
        return "";
    }
    if (expected.is(json::Kind::object)) {
        for (const json::Member member : expected.members()) {
            if (std::string found = member_difference(member.name, member.value, actual[member.name]); !found.empty())
                return "." + std::string(member.name) + found;
        }
        for (const json::Member member : actual.members()) {
            if (!expected[member.name].present() && !member.value.is(json::Kind::null))
                return "." + std::string(member.name) + ": is extra";
        }
        return "";
    }
    if (expected.is(json::Kind::number) && expected.as_double() == actual.as_double() && !expected.as_integer()) return "";
    return expected.dump() == actual.dump() ? "" : ": " + expected.dump() + " became " + actual.dump();
}

std::string Comparison::member_difference(std::string_view name, json::Value expected, json::Value actual) {
    if (name == "sequence_number") return "";  // counts deltas that were merged
    if (name == "created_at") return actual.as_integer() == stamp.created_at ? "" : ": is not the time given";
    if (name == "signature" && expected.as_string() != "") return actual.as_string().value_or("").empty() ? ": is empty" : "";
    if (name == "id" || name == "item_id" || name == "call_id") {
        return same_id(expected.as_string().value_or(""), actual.as_string().value_or(""))
                   ? ""
                   : ": " + expected.dump() + " became " + actual.dump();
    }
    return difference(expected, actual);
}

bool Comparison::same_id(std::string_view expected, std::string_view actual) {
    if (expected.empty() || actual.empty()) return false;
    if (upstream_.find(expected) != std::string_view::npos) return expected == actual;
    if (expected.substr(0, expected.find('_')) != actual.substr(0, actual.find('_'))) return false;
    for (const auto& [known_expected, known_actual] : ids_) {
        if (known_expected == expected || known_actual == actual) return known_expected == expected && known_actual == actual;
    }
    ids_.emplace_back(expected, actual);
    return true;
}

}  // namespace reply_test
