// One connection of a client: reads requests, gives them to the handler, sends what it answers.
#pragma once

#include "net/exchange.h"
#include "net/http_parser.h"
#include "net/http_writer.h"
#include "net/server.h"
#include "net/stream.h"

#include <boost/intrusive/list.hpp>

#include <memory>
#include <optional>
#include <string>

namespace net {

// What the connections of one server share.
struct ConnectionContext {
    Loop& loop;
    Handler& handler;
    ServerSettings settings;
    bool draining = false;
};

class Connection final : public Exchange,
                         public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    struct Origin {
        bool secure;
        bool over_limit;  // answered once, with the handler's refusal
    };
    Connection(ConnectionContext& context, std::unique_ptr<Stream> stream, Origin origin);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // The connection's whole life.
    [[nodiscard]] Task<void> run();

    // Ends it unless a request has begun.
    void close_if_idle();
    // Cancels what runs and ends it.
    void stop();

    const RequestHead& request() const override { return request_; }
    bool secure() const override { return origin_.secure; }
    Loop& loop() override { return context_.loop; }
    Cancellation& cancellation() override { return *cancellation_; }
    Task<base::Result<std::string>> read_body(std::size_t size_max) override;
    Task<base::Result<void>> reply(ResponseHead head, std::string body) override;
    Task<base::Result<void>> begin_stream(ResponseHead head) override;
    Task<base::Result<void>> write(std::string piece) override;
    Task<base::Result<void>> end_stream() override;
    void abort() override;

private:
    enum class Progress : std::uint8_t { request, refused, closed };
    enum class Reply : std::uint8_t { none, streaming, complete, broken };

    [[nodiscard]] Task<bool> serve_one();
    [[nodiscard]] Task<Progress> read_head();
    [[nodiscard]] Task<bool> await_request();
    [[nodiscard]] bool parse_head();
    void begin_exchange();
    void watch_client();
    void client_sent_something();
    [[nodiscard]] base::Result<void> parse_body(std::string& body);
    void start_reply();
    [[nodiscard]] ResponseFraming frame();
    [[nodiscard]] bool body_allowed(unsigned status) const;
    [[nodiscard]] Task<base::Result<void>> send(std::string bytes);
    [[nodiscard]] Task<void> close();
    [[nodiscard]] Task<void> linger();

    ConnectionContext& context_;
    std::unique_ptr<Stream> stream_;
    Origin origin_;

    std::string input_;  // read, not used yet: the start of a head, or what was pipelined
    std::optional<RequestParser> parser_;
    RequestHead request_;
    base::Error refusal_;
    std::optional<Cancellation> cancellation_;
    std::string pending_;  // the head of a streamed reply, until its first piece

    Reply reply_ = Reply::none;
    bool first_ = true;          // no request has been read
    bool idle_ = false;          // waits for a request's first byte
    bool keep_alive_ = false;    // after this exchange
    bool http_1_0_ = false;      // the client
    bool chunked_ = false;       // the streamed reply
    bool without_body_ = false;  // the streamed reply: HEAD
    bool stopped_ = false;
};

}  // namespace net
