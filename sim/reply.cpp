#include "sim/reply.h"

#include "base/base64.h"
#include "json/json.h"

#include <boost/beast/http/status.hpp>

#include <array>
#include <cstdio>

namespace sim {
namespace {

// Lets the peer read what was sent before a reset makes its kernel drop it.
constexpr Milliseconds reset_delay{20};

std::string head_of(const Reply& reply) {
    namespace http = boost::beast::http;
    const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(reply.status)));
    std::string out = "HTTP/1.1 " + std::to_string(reply.status) + " " + std::string(reason) + "\r\nServer: e2ee-sim\r\n";
    if (!reply.content_type.empty()) out += "Content-Type: " + reply.content_type + "\r\n";
    for (const auto& [name, value] : reply.headers) out += name + ": " + value + "\r\n";
    out +=
        reply.length ? "Content-Length: " + std::to_string(*reply.length) + "\r\n\r\n" : "Transfer-Encoding: chunked\r\n\r\n";
    return out;
}

// Collects what is to be written, framed, and writes it when asked.
class Outgoing {
public:
    Outgoing(const Reply& reply, const Sending& sending) : chunked_(!reply.length && !reply.silent), sending_(sending) {
        if (!reply.silent) buffer_ = head_of(reply);
    }

    void add(std::string_view bytes) {
        std::string& sample = sending_.entry.reply_wire;
        if (sample.size() < wire_sample_max) sample += bytes.substr(0, wire_sample_max - sample.size());
        if (!chunked_) {
            buffer_ += bytes;
            return;
        }
        const std::size_t most = sending_.write_size > 0 ? sending_.write_size : bytes.size();
        for (; !bytes.empty(); bytes.remove_prefix(std::min(most, bytes.size()))) chunk(bytes.substr(0, most));
    }

    void finish() {
        if (chunked_) buffer_ += "0\r\n\r\n";
    }

    Awaitable<bool> flush() {
        if (buffer_.empty()) co_return !sending_.wire.peer_gone();
        const bool alive = co_await sending_.wire.write(buffer_);
        buffer_.clear();
        co_return alive;
    }

private:
    void chunk(std::string_view bytes) {
        std::array<char, 24> size{};
        const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
        buffer_.append(size.data(), static_cast<std::size_t>(length)).append(bytes).append("\r\n");
    }

    bool chunked_;
    const Sending& sending_;
    std::string buffer_;
};

// The bytes of a step that sends some.
std::string bytes_of(const Step& step, std::optional<Sealer>& sealer, std::string& last_sealed) {
    using Do = Step::Do;
    if (step.what == Do::clear || !sealer) return step.text;
    if (step.what == Do::init) return sealer->init_event();
    if (step.what == Do::again) return last_sealed;
    base::Bytes sealed = sealer->chunk(step.text);
    if (step.what == Do::seal_wrong_tag) sealed.back() ^= 0x80;
    if (step.what == Do::seal_flipped) sealed[crypto::aead_nonce_size] ^= 0x01;
    last_sealed = chunk_event(sealed);
    if (step.what == Do::seal_not_base64) last_sealed.insert(last_sealed.size() / 2, "*");
    if (step.what == Do::seal_half) return last_sealed.substr(0, last_sealed.size() / 2);
    return last_sealed;
}

}  // namespace

Reply whole_reply(int status, std::string content_type, std::string body) {
    Reply reply{.status = status, .content_type = std::move(content_type), .length = body.size()};
    reply.steps.push_back({.what = Step::Do::clear, .text = std::move(body), .event_end = true});
    return reply;
}

Reply detail_reply(int status, std::string_view detail) {
    json::Writer out;
    return whole_reply(status, "application/json", out.begin_object().member("detail", detail).end_object().take());
}

Reply silent_reply(Step::Do what) {
    Reply reply{.silent = true};
    reply.steps.push_back({.what = what});
    return reply;
}

Reply html_reply(int status) {
    return whole_reply(
        status, "text/html; charset=UTF-8",
        "<html><head><title>Bad gateway</title></head><body><h1>The web server reported an error</h1></body></html>\n");
}

Awaitable<std::string_view> send(Reply reply, Sending sending) {
    using Do = Step::Do;
    Outgoing out(reply, sending);
    std::string last_sealed;
    if (sending.latency.first_event.count() > 0) {
        // Only a stream's head comes before its first event.
        const bool head_first = !reply.length && !reply.silent;
        if (head_first && !co_await out.flush()) co_return "aborted";
        if (!co_await sending.wire.pause(sending.latency.first_event)) co_return "aborted";
    }
    bool between = false;
    for (const Step& step : reply.steps) {
        if (between && sending.latency.between_events.count() > 0) {
            if (!co_await sending.wire.pause(sending.latency.between_events)) co_return "aborted";
        }
        between = step.event_end && !reply.length;
        switch (step.what) {
            case Do::rest:
                if (!co_await out.flush() || !co_await sending.wire.pause(step.pause)) co_return "aborted";
                continue;
            case Do::stall:
                co_await out.flush();
                co_await sending.wire.until_peer_leaves();
                co_return "aborted";
            case Do::reset:
            case Do::close:
                co_await out.flush();
                co_await sending.wire.pause(reset_delay);
                step.what == Do::reset ? sending.wire.reset() : sending.wire.close();
                co_return "cut";
            default:
                out.add(bytes_of(step, reply.sealer, last_sealed));
        }
        if (step.event_end) {
            if (!co_await out.flush()) co_return "aborted";
            ++sending.entry.events_sent;
        }
    }
    out.finish();
    if (!co_await out.flush()) co_return "aborted";
    co_return "complete";
}

}  // namespace sim
