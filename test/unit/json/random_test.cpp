// Random documents, written with random white space and escapes, seeded so that a failure repeats.
#include "json/json.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace {

class RandomJson {
public:
    explicit RandomJson(unsigned seed) : random_(seed) {}

    std::string value(int depth) {
        switch (below(depth > 0 ? 8 : 6)) {
            case 0:
                return "null";
            case 1:
                return below(2) ? "true" : "false";
            case 2:
            case 3:
                return number();
            case 4:
            case 5:
                return string();
            case 6:
                return list('[', ']', depth, false);
            default:
                return object(depth);
        }
    }
    std::string object(int depth) { return list('{', '}', depth, true); }
    std::string space() {
        static constexpr std::string_view blanks[] = {"", "", "", " ", "\n", "\t", "\r\n  "};
        return std::string(blanks[below(std::size(blanks))]);
    }
    std::string padded(const std::string& text) { return space() + text + space(); }

private:
    std::size_t below(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }

    std::string digits() {
        std::string out;
        for (std::size_t i = 1 + below(25); i > 0; --i) out.push_back(static_cast<char>('0' + below(10)));
        return out;
    }
    std::string number() {
        std::string out = below(2) ? "-" : "";
        out += below(3) ? std::to_string(1 + below(9)) + digits() : "0";
        if (below(2)) out += "." + digits();
        if (below(3) == 0) out += (below(2) ? "e" : "E+") + std::to_string(below(1000));
        return out;
    }
    std::string string() {
        static constexpr std::string_view pieces[] = {"a",        "{",
                                                      "}",        "[",
                                                      "]",        ",",
                                                      ":",        "\\\"",
                                                      "\\\\",     "\\n",
                                                      "\\/",      "\\u0000",
                                                      "\\u00e9",  "\\ud83d\\ude00",
                                                      "\xC3\xA9", " ",
                                                      "model",    "\xF0\x9F\x98\x80",
                                                      "\\u0022",  "\\\\\\\""};
        std::string out = "\"";
        for (std::size_t i = below(8); i > 0; --i) out += pieces[below(std::size(pieces))];
        return out + "\"";
    }
    std::string list(char open, char close, int depth, bool named) {
        std::string out(1, open);
        const std::size_t count = below(5);
        for (std::size_t i = 0; i < count; ++i) {
            if (i > 0) out += ",";
            if (named) out += padded(string()) + ":";
            out += padded(value(depth - 1));
        }
        if (count == 0) out += space();
        return out + close;
    }

    std::mt19937 random_;
};

// The same meaning, written by walking the values: an oracle for iteration and look-up.
void rewrite(json::Writer& writer, json::Value value) {
    if (value.is(json::Kind::array)) {
        writer.begin_array();
        for (const json::Value element : value.elements()) rewrite(writer, element);
        writer.end_array();
    } else if (value.is(json::Kind::object)) {
        writer.begin_object();
        for (const auto& [name, member] : value.members()) {
            writer.key(name);
            rewrite(writer, member);
        }
        writer.end_object();
    } else if (const auto text = value.as_string()) {
        writer.string(*text);
    } else if (const auto number = value.as_number_text()) {
        writer.raw(*number);
    } else if (const auto flag = value.as_bool()) {
        writer.boolean(*flag);
    } else {
        writer.null();
    }
}

TEST(json_random, dump_and_parse_are_inverse_and_walking_sees_the_same) {
    for (unsigned seed = 0; seed < 3000; ++seed) {
        RandomJson random(seed);
        const std::string text = random.padded(random.value(6));
        const auto document = json::parse(text);
        ASSERT_TRUE(document) << "seed " << seed << ": " << document.error().detail;
        const std::string dumped = document->root().dump();
        const auto again = json::parse(dumped);
        ASSERT_TRUE(again) << "seed " << seed;
        EXPECT_EQ(again->root().dump(), dumped) << "seed " << seed;
        json::Writer writer;
        rewrite(writer, document->root());
        EXPECT_EQ(writer.text(), dumped) << "seed " << seed;
    }
}

TEST(json_random, spans_agree_with_the_parser_and_splices_keep_the_rest) {
    for (unsigned seed = 0; seed < 3000; ++seed) {
        RandomJson random(seed);
        const std::string text = random.padded(random.object(5));
        const auto document = json::parse(text);
        ASSERT_TRUE(document) << "seed " << seed;
        const auto spans = json::member_spans(text);
        ASSERT_EQ(spans.size(), document->root().size()) << "seed " << seed;
        std::size_t i = 0;
        for (const auto& [name, value] : document->root().members()) {
            const auto& span = spans[i++];
            EXPECT_EQ(json::parse(text.substr(span.value_begin, span.value_end - span.value_begin))->root().dump(),
                      value.dump());
            EXPECT_EQ(json::parse("\"" + std::string(span.name_raw) + "\"")->root().as_string(), name) << "seed " << seed;
        }

        const std::string appended = json::append_member(text, "zz", "1.0");
        const auto more = json::parse(appended);
        ASSERT_TRUE(more) << "seed " << seed << ": " << appended;
        EXPECT_EQ(more->root()["zz"].dump(), "1.0");
        const std::size_t cut = appended.rfind(spans.empty() ? "\"zz\":1.0" : ",\"zz\":1.0");
        EXPECT_EQ(appended.substr(0, cut) + appended.substr(cut + (spans.empty() ? 8 : 9)), text) << "seed " << seed;

        // Setting a member to what it is already changes no byte.
        if (spans.size() == 1) {
            const json::Member only = *document->root().members().begin();
            const std::string same = text.substr(spans[0].value_begin, spans[0].value_end - spans[0].value_begin);
            const json::RawMember member{only.name, same};
            EXPECT_EQ(json::set_members(text, {&member, 1}), text) << "seed " << seed;
        }
    }
}

TEST(json_random, a_byte_changed_at_random_never_gets_past_the_parser_as_something_else_than_json) {
    std::mt19937 random(7);
    for (unsigned seed = 0; seed < 2000; ++seed) {
        RandomJson maker(seed);
        std::string text = maker.object(4);
        text[random() % text.size()] = static_cast<char>(random() % 256);
        const auto document = json::parse(text);
        if (!document) continue;
        const std::string dumped = document->root().dump();
        ASSERT_TRUE(json::parse(dumped)) << "seed " << seed;
        EXPECT_EQ(json::parse(dumped)->root().dump(), dumped) << "seed " << seed;
        if (document->root().is(json::Kind::object)) EXPECT_EQ(json::member_spans(text).size(), document->root().size());
    }
}

}  // namespace
