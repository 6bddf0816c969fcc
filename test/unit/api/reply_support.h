// What the tests of the reply half share: worked cases, running a stream in pieces, reading back what a client would see, and
// the comparison rules of the formats page's head.
#pragma once

#include "api/reply.h"
#include "json/json.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reply_test {

inline const api::ReplyStamp stamp{"Ab3dEf6hIj9lMn2p", 1700000000};

// A reply's context as a request asks for it; what a request of its dialect must have is added.
[[nodiscard]] api::ReplyContext context_of(api::Dialect dialect, std::string_view request);

struct Seen {
    std::string bytes;                    // all a client gets, the error events included
    std::optional<api::Failure> failure;  // what ended the stream
    bool nothing_before_failure = false;  // it could have been an HTTP error
};

// Runs a stream that is cut into these pieces.
[[nodiscard]] Seen run(const api::ReplyContext& context, const std::vector<std::string>& pieces);

// "data: …", of any data; of a chunk with this delta; of the chunk that ends a reply.
[[nodiscard]] std::string event(std::string_view data);
[[nodiscard]] std::string chunk(std::string_view delta);
[[nodiscard]] std::string finished(std::string_view reason, std::string_view more_members = "");
[[nodiscard]] std::string content(std::string_view text);
[[nodiscard]] std::string tool_call(std::string_view call);

// Ways to cut a stream: as one, byte by byte, each event (and each line) in two.
enum class Cut { one_write, byte_by_byte, each_event_in_two };
inline constexpr Cut all_cuts[] = {Cut::one_write, Cut::byte_by_byte, Cut::each_event_in_two};
[[nodiscard]] std::vector<std::string> cut(std::string_view upstream, Cut how);

// The data of a client's events as one list; checks that each is named by an event line equal to its type (unless it is chat).
[[nodiscard]] json::Document events_of(std::string_view bytes);

// A list of events, with pings dropped and adjacent deltas of one block merged.
[[nodiscard]] json::Document condensed(json::Value events);

// Compares JSON as the formats page says: ids that upstream did not give, signatures and times are placeholders, numbers are
// exact, extra members may only be null.
class Comparison {
public:
    explicit Comparison(std::string_view upstream) : upstream_(upstream) {}
    // Empty, or where they differ.
    [[nodiscard]] std::string difference(json::Value expected, json::Value actual);

private:
    [[nodiscard]] std::string member_difference(std::string_view name, json::Value expected, json::Value actual);
    [[nodiscard]] bool same_id(std::string_view expected, std::string_view actual);

    std::string_view upstream_;
    std::vector<std::pair<std::string, std::string>> ids_;
};

}  // namespace reply_test
