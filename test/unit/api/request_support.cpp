#include "api/request_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

namespace request_test {
namespace {

void write_sorted(json::Writer& writer, json::Value value) {
    if (value.is(json::Kind::array)) {
        writer.begin_array();
        for (const json::Value element : value.elements()) write_sorted(writer, element);
        writer.end_array();
    } else if (value.is(json::Kind::object)) {
        std::vector<json::Member> members;
        for (const json::Member member : value.members()) members.push_back(member);
        std::ranges::sort(members, {}, &json::Member::name);
        writer.begin_object();
        for (const auto& [name, inner] : members) {
            writer.key(name);
            if (name == "parameters") {
                writer.value(inner);
            } else {
                write_sorted(writer, inner);
            }
        }
        writer.end_object();
    } else {
        writer.value(value);
    }
}

// The request's body for the instance, or the refusal.
api::Outcome<std::string> body(api::Dialect dialect, std::string_view text) {
    auto request = api::Request::read(dialect, "/v1/chat/completions", std::string(text));
    if (!request) return std::unexpected(request.error());
    return request->body_for(base::ModelName("m"), {});
}

}  // namespace

std::string canonical(std::string_view text) {
    const auto document = json::parse(text);
    if (!document) throw std::runtime_error("not JSON: " + std::string(text));
    json::Writer writer;
    const json::Value root = document->root();
    if (root.is(json::Kind::object) && root["stream"].as_bool() == false) {
        json::Writer without;
        without.begin_object();
        for (const auto& [name, value] : root.members()) {
            if (name != "stream") without.member_value(name, value);
        }
        return canonical(without.end_object().take());
    }
    write_sorted(writer, root);
    return writer.take();
}

std::string sent(api::Dialect dialect, std::string_view request) {
    const auto text = body(dialect, request);
    return text ? canonical(*text) : text.error().message;
}

std::string sent_member(api::Dialect dialect, std::string_view request, std::string_view name) {
    const auto text = body(dialect, request);
    if (!text) return text.error().message;
    const auto document = json::parse(*text);
    const json::Value member = document.value().root()[name];
    return member.present() ? member.dump() : "";
}

void expect_refusals(api::Dialect dialect, std::initializer_list<Refusal> refusals) {
    for (const auto& [text, message] : refusals) {
        const auto read = api::Request::read(dialect, "/v1/chat/completions", text);
        ASSERT_FALSE(read.has_value()) << text;
        EXPECT_EQ(read.error().message, message) << text;
        EXPECT_EQ(read.error().status, 400U) << text;
    }
}

std::vector<json::Document> worked_cases(std::string_view file) {
    std::ifstream lines(std::string(E2EE_SOURCE_DIR "/test/vectors/formats/").append(file));
    std::vector<json::Document> cases;
    for (std::string line; std::getline(lines, line);) cases.push_back(json::parse(line).value());
    return cases;
}

}  // namespace request_test
