#include "sse/reader.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <tuple>
#include <vector>

namespace {

using sse::Event;
using sse::Reader;

std::vector<Event> drain(Reader& reader) {
    std::vector<Event> events;
    while (auto event = reader.next()) events.push_back(std::move(*event));
    return events;
}

// The events of a whole stream, fed in pieces of `size` bytes. Its end is told to the reader only by finish().
std::vector<Event> read(std::string_view stream, std::size_t size = std::string_view::npos) {
    Reader reader;
    std::vector<Event> events;
    for (; !stream.empty(); stream.remove_prefix(std::min(size, stream.size()))) {
        EXPECT_TRUE(reader.feed(stream.substr(0, size)));
        for (Event& event : drain(reader)) events.push_back(std::move(event));
    }
    return events;
}

std::vector<std::string> data_of(const std::vector<Event>& events) {
    std::vector<std::string> all;
    for (const Event& event : events) all.push_back(event.data);
    return all;
}

std::string raw_of(const std::vector<Event>& events) {
    std::string all;
    for (const Event& event : events) all += event.raw;
    return all;
}

using Texts = std::vector<std::string>;

TEST(reader, gives_out_data_type_and_raw) {
    const auto events = read("event: ping\ndata: {}\n\n");
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].type, "ping");
    EXPECT_EQ(events[0].data, "{}");
    EXPECT_EQ(events[0].raw, "event: ping\ndata: {}\n\n");
}

TEST(reader, the_type_of_one_event_is_not_the_next_ones) {
    const auto events = read("event: a\ndata: 1\n\ndata: 2\n\n");
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[1].type, "");
}

TEST(reader, joins_data_lines_with_lf) {
    EXPECT_EQ(data_of(read("data: a\ndata: b\ndata\ndata:\n\n")), (Texts{"a\nb\n\n"}));
}

TEST(reader, takes_one_space_after_the_colon_and_no_more) {
    EXPECT_EQ(data_of(read("data:a\n\ndata: b\n\ndata:  c\n\ndata:\td\n\n")), (Texts{"a", "b", " c", "\td"}));
}

TEST(reader, a_colon_in_the_value_stays) {
    EXPECT_EQ(data_of(read("data: {\"a\":1}\n\n")), (Texts{"{\"a\":1}"}));
}

TEST(reader, an_empty_data_line_makes_an_event) {
    EXPECT_EQ(data_of(read("data\n\ndata:\n\n")), (Texts{"", ""}));
}

TEST(reader, a_type_alone_makes_an_event) {
    const auto events = read("event: ping\n\n");
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].type, "ping");
    EXPECT_EQ(events[0].data, "");
}

TEST(reader, passes_over_comments_blank_lines_and_other_fields) {
    EXPECT_TRUE(read("\n\n: hello\n\nid: 7\n\nretry: 1\n\nevent:\n\nDATA: x\n\n data: y\n\n").empty());
}

TEST(reader, names_are_compared_whole) {
    EXPECT_TRUE(read("dat: x\n\ndatax: y\n\n").empty());
}

TEST(reader, a_comment_between_data_lines_is_not_data) {
    EXPECT_EQ(data_of(read("data: a\n: data: x\n:\ndata: b\n\n")), (Texts{"a\nb"}));
}

TEST(reader, a_byte_order_mark_is_passed_over_at_the_start_only) {
    EXPECT_EQ(data_of(read("\xEF\xBB\xBF"
                           "data: a\n\n\xEF\xBB\xBF"
                           "data: b\n\ndata: c\n\n")),
              (Texts{"a", "c"}));
}

TEST(reader, a_null_byte_and_broken_utf_8_are_data_like_any_other) {
    const std::string odd = std::string("data: a\0b", 9) + "\xFF\xC3\n\n";
    EXPECT_EQ(data_of(read(odd)), (Texts{std::string("a\0b", 3) + "\xFF\xC3"}));
}

// Every way of splitting, with every line end, must say the same.
class Splits : public testing::TestWithParam<std::tuple<const char*, std::size_t>> {};
TEST_P(Splits, change_nothing) {
    const auto& [line_end, size] = GetParam();
    std::string stream = "\xEF\xBB\xBF";
    for (const char* line :
         {": hi", "", "event: a", "data: 1", "data: 2", "", "", "id: 9", "", "data: \xE2\x82\xAC", "", "data", ""}) {
        stream.append(line).append(line_end);
    }
    const auto events = read(stream, size);
    EXPECT_EQ(data_of(events), (Texts{"1\n2", "\xE2\x82\xAC", ""}));
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[0].type, "a");
    EXPECT_EQ(events[1].type, "");
    std::string given = raw_of(events);
    // Fed byte by byte, the last event is out before the LF of its CRLF came.
    if (given.ends_with('\r') && stream.ends_with('\n')) given += '\n';
    EXPECT_EQ(given, stream.substr(3)) << "the raws, joined, are the stream";
}
INSTANTIATE_TEST_SUITE_P(reader, Splits,
                         testing::Combine(testing::Values("\n", "\r\n", "\r"), testing::Range<std::size_t>(1, 90)));

TEST(reader, gives_an_event_out_with_its_last_byte_even_if_an_lf_might_follow_the_cr) {
    Reader reader;
    ASSERT_TRUE(reader.feed("data: a\r\n\r"));
    EXPECT_EQ(data_of(drain(reader)), (Texts{"a"}));
    ASSERT_TRUE(reader.feed("\ndata: b\r\n\r\n"));
    EXPECT_EQ(data_of(drain(reader)), (Texts{"b"}));
}

TEST(reader, an_empty_piece_between_cr_and_lf_does_not_part_them) {
    Reader reader;
    ASSERT_TRUE(reader.feed("data: a\r"));
    ASSERT_TRUE(reader.feed(""));
    ASSERT_TRUE(reader.feed("\ndata: b\r\n\r\n"));
    EXPECT_EQ(data_of(drain(reader)), (Texts{"a\nb"}));
}

TEST(reader, lf_cr_is_two_line_ends) {
    EXPECT_EQ(data_of(read("data: a\n\rdata: b\n\r")), (Texts{"a", "b"}));
}

TEST(reader, an_event_is_not_out_before_its_blank_line) {
    Reader reader;
    ASSERT_TRUE(reader.feed("data: a\n"));
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.mid_event());
    ASSERT_TRUE(reader.feed("\n"));
    EXPECT_TRUE(reader.next());
    EXPECT_FALSE(reader.mid_event());
}

TEST(reader, is_mid_event_inside_a_line_but_not_after_comments_and_white_space) {
    for (const char* held : {"d", "data: x", "data: x\n", "event: x\n", ": comm", "data: 1\n\ndata: 2"}) {
        Reader reader;
        ASSERT_TRUE(reader.feed(held));
        EXPECT_TRUE(reader.mid_event()) << held;
    }
    for (const char* held : {"", "\n", "\r", ": comment\n", "id: 1\n", "data: 1\n\n", "data: 1\n\n\r\n", "data: 1\r\r\n \t"}) {
        Reader reader;
        ASSERT_TRUE(reader.feed(held));
        EXPECT_FALSE(reader.mid_event()) << held;
    }
}

class Endings : public testing::TestWithParam<const char*> {};
TEST_P(Endings, of_an_unfinished_event_are_completed_at_the_end_of_the_stream) {
    Reader reader;
    ASSERT_TRUE(reader.feed(std::string("data: a\n\ndata: b") + GetParam()));
    ASSERT_EQ(data_of(drain(reader)), (Texts{"a"}));
    reader.finish();
    const auto last = reader.next();
    ASSERT_TRUE(last);
    EXPECT_EQ(last->data, "b");
    // A reader of the raw bytes sees a whole event, whatever is written after it.
    EXPECT_EQ(data_of(read(last->raw + "data: c\n\n")), (Texts{"b", "c"}));
    EXPECT_FALSE(reader.next());
    EXPECT_FALSE(reader.mid_event());
}
INSTANTIATE_TEST_SUITE_P(reader, Endings, testing::Values("", "\n", "\r", "\r\n", "\n: c", "\nid: 1\n"));

TEST(reader, the_end_of_the_stream_makes_no_event_out_of_nothing) {
    for (const char* held : {"", "\xEF", "\xEF\xBB\xBF", "\n", ": comment", "id: 1", "data: 1\n\n"}) {
        Reader reader;
        ASSERT_TRUE(reader.feed(held));
        (void)drain(reader);
        reader.finish();
        EXPECT_FALSE(reader.next()) << held;
    }
}

TEST(reader, an_event_as_large_as_the_limit_passes_and_one_byte_more_does_not) {
    const std::string event = "data: 12345\n\n";
    for (const std::size_t piece : {event.size(), std::size_t{1}}) {
        Reader fits(event.size());
        Reader small(event.size() - 1);
        bool small_took_all = true;
        for (std::size_t at = 0; at < event.size(); at += piece) {
            EXPECT_TRUE(fits.feed(event.substr(at, piece)));
            small_took_all = small_took_all && small.feed(event.substr(at, piece));
        }
        EXPECT_TRUE(fits.next());
        EXPECT_FALSE(small_took_all);
        EXPECT_FALSE(small.next());
    }
}

TEST(reader, many_events_in_one_piece_may_be_larger_than_the_limit_of_one) {
    Reader reader(20);
    std::string many;
    for (int i = 0; i < 100; ++i) many += "data: 12345\n\n";
    ASSERT_TRUE(reader.feed(many));
    EXPECT_EQ(drain(reader).size(), 100U);
}

TEST(reader, gives_out_what_came_before_an_event_over_the_limit_and_nothing_after) {
    Reader reader(20);
    const auto fed = reader.feed("data: 1\n\ndata: a line that is too long\n\ndata: 2\n\n");
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().kind, base::ErrorKind::upstream_broken);
    EXPECT_EQ(data_of(drain(reader)), (Texts{"1"}));
    EXPECT_FALSE(reader.feed("data: 3\n\n"));
    EXPECT_FALSE(reader.next());
}

TEST(reader, comments_without_end_are_bounded_too) {
    Reader reader(1000);
    bool took_all = true;
    for (int i = 0; i < 100; ++i) took_all = took_all && reader.feed(": keep-alive\n\n");
    EXPECT_FALSE(took_all);
}

// A scan that starts again with each byte would take hours for this.
TEST(reader, reads_a_large_event_byte_by_byte_in_linear_time) {
    constexpr std::size_t size = 4 << 20;
    Reader reader;
    const std::string head = "data: 0\n\ndata: ";
    ASSERT_TRUE(reader.feed(head));
    const auto began = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < size; ++i) {
        ASSERT_TRUE(reader.feed("x"));
        if (const auto event = reader.next()) ASSERT_EQ(event->data, "0");
    }
    ASSERT_TRUE(reader.feed("\n\n"));
    const auto event = reader.next();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->data.size(), size);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(60));
}

TEST(reader, written_events_and_comments_read_back) {
    std::string out;
    sse::append_comment(out, "keep-alive");
    sse::append_event(out, "ping", "{}");
    sse::append_event(out, "", "[DONE]");
    EXPECT_EQ(out, ": keep-alive\n\nevent: ping\ndata: {}\n\ndata: [DONE]\n\n");
    EXPECT_EQ(data_of(read(out)), (Texts{"{}", "[DONE]"}));
}

}  // namespace
