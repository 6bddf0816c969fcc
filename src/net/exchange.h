// One request of a client and the reply to it, as the layers above see them.
#pragma once

#include "base/result.h"
#include "net/cancellation.h"
#include "net/message.h"
#include "net/task.h"

#include <cstddef>
#include <string>

namespace net {

class Loop;

// Errors of all tasks: `cancelled` when the client left or the process stops, `timeout` when the client reads or sends too
// slowly. After an error there is nobody left to answer (but for the refusals of read_body), so just return.
class Exchange {
public:
    [[nodiscard]] virtual const RequestHead& request() const = 0;
    // Whether the client came over TLS.
    [[nodiscard]] virtual bool secure() const = 0;
    [[nodiscard]] virtual Loop& loop() = 0;
    // Fires as soon as the client goes away, once the body was read (or if there is none).
    [[nodiscard]] virtual Cancellation& cancellation() = 0;

    // The whole body. `too_large` before anything is read if the declared length is over the limit, else as soon as it is
    // passed; `bad_request` for broken chunks. Both can still be answered. Sends 100 Continue only when it starts to read.
    [[nodiscard]] virtual Task<base::Result<std::string>> read_body(std::size_t size_max) = 0;

    // A whole reply. A body that was not read makes the connection close afterwards.
    [[nodiscard]] virtual Task<base::Result<void>> reply(ResponseHead head, std::string body) = 0;

    // A reply in pieces: begin, write..., end. The head goes out with the first piece. Each write returns when the piece was
    // handed to the kernel, so a slow client slows the writer; one that takes nothing for `write_stall` is cut off.
    [[nodiscard]] virtual Task<base::Result<void>> begin_stream(ResponseHead head) = 0;
    [[nodiscard]] virtual Task<base::Result<void>> write(std::string piece) = 0;
    [[nodiscard]] virtual Task<base::Result<void>> end_stream() = 0;
    // Ends the connection so that the client sees that the stream was cut (no last chunk).
    virtual void abort() = 0;

protected:
    ~Exchange() = default;
};

class Handler {
public:
    virtual ~Handler() = default;

    // Answers one request. A handler that returns without a reply makes the client see a closed connection.
    [[nodiscard]] virtual Task<void> handle(Exchange& exchange) = 0;

    // Answers what never became a request: malformed, headers too large or too slow, too many connections. The head may be
    // incomplete. The connection closes after the reply.
    [[nodiscard]] virtual Task<void> reject(Exchange& exchange, base::Error error) = 0;
};

}  // namespace net
