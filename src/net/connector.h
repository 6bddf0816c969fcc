// New connections to upstreams: name, TCP, CONNECT through a proxy, TLS.
#pragma once

#include "net/client.h"
#include "net/client_tls.h"
#include "net/stream.h"

#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string>
#include <vector>

namespace net {

class Connector {
public:
    Connector(Loop& loop, const ClientTls::Impl& tls, const ClientSettings& settings)
        : loop_(loop), tls_(tls), settings_(settings) {}

    // A stream on which a request can be sent. Tries all addresses of the host, one family after the other, each for
    // `connect_timeout`. `upstream_unreachable`, `timeout` at `deadline`, `cancelled`. The slot outlives the stream.
    [[nodiscard]] Task<base::Result<std::unique_ptr<Stream>>> connect(const Origin& origin, SessionSlot& slot,
                                                                      Cancellation& cancellation, Timepoint deadline);

private:
    using Endpoint = asio::ip::tcp::endpoint;
    struct Place {
        std::string host;
        std::uint16_t port;
    };

    [[nodiscard]] Task<base::Result<std::vector<Endpoint>>> resolve(Place place, Cancellation& cancellation,
                                                                    Timepoint deadline);
    [[nodiscard]] Task<base::Result<std::unique_ptr<Stream>>> open(const Endpoint& endpoint, const Origin& origin,
                                                                   SessionSlot& slot, Cancellation& cancellation,
                                                                   Timepoint until);
    [[nodiscard]] Task<base::Result<void>> open_tunnel(Stream& stream, const Origin& origin, Timepoint until);
    [[nodiscard]] bool by_proxy(const Origin& origin) const;

    Loop& loop_;
    const ClientTls::Impl& tls_;
    const ClientSettings& settings_;
};

// "host:port" or "[v6]:port".
[[nodiscard]] std::string authority(const Origin& origin);

}  // namespace net
