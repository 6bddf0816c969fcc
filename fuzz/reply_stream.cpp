// What an instance answers, streamed and whole, in each dialect: a client sees a lawful stream that ends once, the same however
// the decrypted bytes are split.
//   byte: dialect · byte: what the request asked for · byte: how to split · what the instance wrote
#include "api/error_reply.h"
#include "api/reply.h"
#include "client_view.h"
#include "sse/reader.h"

#include <optional>

namespace {

using api::Dialect;
using fuzz::Ending;
using fuzz::require;

const api::ReplyStamp stamp{"abcdefghijklmnop", 1};

struct Asked {
    api::ReplyContext context;
    bool lines = false;  // each line of the input is the data of an event
    bool left = false;   // the connection to the instance ends before the last piece
};

Asked asked(Dialect dialect, std::uint8_t choices) {
    Asked made;
    api::ReplyContext& context = made.context;
    context.dialect = dialect;
    context.model = "m";
    context.stream = true;
    context.reasoning_summary = (choices & 1U) != 0;
    context.encrypted_reasoning = (choices & 2U) != 0;
    context.include_usage = (choices & 4U) != 0;
    context.stop_sequences = {"END"};
    context.tools["c"] = {api::ToolKind::custom, "c", "space"};
    context.tools["t"] = {api::ToolKind::tool_search, "t", ""};
    made.lines = (choices & 8U) != 0;
    made.left = (choices & 16U) != 0;
    return made;
}

std::string framed(std::string_view text) {
    std::string stream;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        sse::append_event(stream, "", line);
    }
    return stream;
}

struct Seen {
    std::string bytes;
    std::optional<api::Failure> failure;
    friend bool operator==(const Seen&, const Seen&) = default;
};

Seen play(const Asked& asked, const std::vector<std::string_view>& pieces) {
    const auto stream = api::ReplyStream::start(asked.context, stamp);
    Seen seen;
    const auto failed = [&](const api::Output& out) {
        seen.bytes += out.bytes;
        seen.failure = out.failure;
        if (out.failure) seen.bytes += stream->fail(*out.failure);
        return out.failure.has_value();
    };
    for (const std::string_view piece : pieces) {
        if (failed(stream->feed(piece))) return seen;
    }
    if (asked.left) {
        (void)failed({.bytes = {}, .failure = api::incomplete_stream()});
    } else {
        (void)failed(stream->finish());
    }
    return seen;
}

template <class Client>
void watch_events(const Seen& seen) {
    sse::Reader reader;
    require(reader.feed(seen.bytes).has_value() && !reader.mid_event(), "a client gets whole events");
    Client client;
    while (const auto event = reader.next()) {
        const auto data = json::parse(event->data, 2 * base::limits::json_depth_max);
        require(data.has_value(), "the data of an event is JSON");
        require(data->root()["type"].as_string() == event->type, "an event is named by its type");
        require(event->raw.starts_with("event: "), "an event is nothing but its type and its data");
        client.take(data->root());
    }
    require(client.ending() == (seen.failure ? Ending::error : Ending::normal), "a stream ends once, as it went");
}

void watch_chat(const Seen& seen) {
    sse::Reader reader;
    require(reader.feed(seen.bytes).has_value() && !reader.mid_event(), "a client gets whole events");
    fuzz::ChatClient client;
    std::string last;
    while (const auto event = reader.next()) {
        client.take(event->data);
        last = event->data;
    }
    require(client.ending() == (seen.failure ? Ending::none : Ending::normal), "[DONE] comes once, and never after a failure");
    if (seen.failure) require(last == api::error_body(Dialect::chat, *seen.failure, ""), "an error ends the stream");
}

// A CRLF cut in two leaves a blank line where the event it belonged to was held back; blank lines say nothing.
std::string without_blank_lines(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const char d = c == '\r' ? '\n' : c;
        if (d != '\n' || (!out.empty() && out.back() != '\n')) out += d;
    }
    return out;
}

bool same(const Seen& a, const Seen& b, bool blank_lines_count) {
    if (blank_lines_count) return a == b;
    return a.failure == b.failure && without_blank_lines(a.bytes) == without_blank_lines(b.bytes);
}

void check_stream(const Asked& asked, std::string_view upstream, std::uint8_t split) {
    const Dialect dialect = asked.context.dialect;
    std::vector<std::string_view> pieces = fuzz::pieces(upstream, split);
    std::string_view sent = upstream;
    if (asked.left && !pieces.empty()) {
        sent.remove_suffix(pieces.back().size());
        pieces.pop_back();
    }
    const Seen whole = play(asked, {sent});
    const bool exact = dialect != Dialect::chat || !sent.contains('\r');
    require(same(whole, play(asked, pieces), exact), "what a client sees does not depend on how the stream is split");
    if (whole.failure) {
        require(whole.failure->status >= 400 && whole.failure->status <= 599 && !whole.failure->message.empty(),
                "a failure has a status and a reason");
    }
    switch (dialect) {
        case Dialect::chat:
            return watch_chat(whole);
        case Dialect::messages:
            return watch_events<fuzz::MessagesClient>(whole);
        case Dialect::responses:
            return watch_events<fuzz::ResponsesClient>(whole);
    }
}

void check_whole(const api::ReplyContext& context, std::string_view answer) {
    const auto reply = api::whole_reply(context, stamp, answer);
    if (!reply) {
        require(reply.error().status >= 400 && reply.error().status <= 599 && !reply.error().message.empty(),
                "a failure has a status and a reason");
        return;
    }
    if (context.dialect == Dialect::chat) return require(*reply == answer, "chat replies are passed on as they are");
    const auto parsed = json::parse(*reply, 2 * base::limits::json_depth_max);
    require(parsed.has_value() && !json::duplicate_member(parsed->root()), "a reply is JSON");
    const json::Value root = parsed->root();
    if (context.dialect == Dialect::messages) {
        require(root["type"].as_string() == "message" && root["stop_reason"].as_string().has_value(), "a message has stopped");
    } else {
        const auto status = root["status"].as_string();
        require(status == "completed" || status == "incomplete", "a response is at its end");
    }
}

void check_error(Dialect dialect, unsigned status, std::string_view answer) {
    const api::Failure failure = api::upstream_failure(status, answer);
    require(!failure.message.empty(), "an error says something");
    require(failure.message.size() <= base::limits::error_message_max, "an error is short");
    require(json::parse(api::error_body(dialect, failure, "r")).has_value(), "an error is JSON");
    require(json::parse(api::responses_error(failure)).has_value(), "an error is JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const auto dialect = static_cast<Dialect>(input.byte() % 3);
    const Asked request = asked(dialect, input.byte());
    const std::uint8_t split = input.byte();
    const std::string_view answer = input.rest();
    check_stream(request, request.lines ? framed(answer) : std::string(answer), split);
    check_whole(request.context, answer);
    constexpr unsigned statuses[] = {400, 403, 404, 429, 500};
    check_error(dialect, statuses[split % 5], answer);
    return 0;
}
