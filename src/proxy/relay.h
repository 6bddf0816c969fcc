// A typed client of the two upstreams (docs/protocol.md, "Models", "Discovery", "Invocation"). One per loop.
#pragma once

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "net/client.h"

#include <string>
#include <string_view>

namespace proxy {

struct RelaySettings {
    net::Origin models;  // CHUTES_UPSTREAM
    net::Origin api;     // CHUTES_E2E_UPSTREAM
};

// A small answer, read whole.
struct RelayAnswer {
    unsigned status = 0;
    net::Headers headers;
    std::string body;
};

// One attempt to have an instance answer.
struct Invocation {
    const base::ApiKey& key;
    const base::ChuteId& chute;
    const base::InstanceId& instance;
    const base::InvocationNonce& nonce;  // spent once this is sent
    std::string_view path;               // of the instance
    bool stream = false;
    base::ByteView envelope;
};

class Relay {
public:
    Relay(net::Client& client, RelaySettings settings) : client_(client), settings_(std::move(settings)) {}

    // GET /v1/models. `query` begins with "?" or is empty; an empty key sends none.
    [[nodiscard]] net::Task<base::Result<RelayAnswer>> models(const base::ApiKey& key, std::string query,
                                                              net::Cancellation& cancellation, net::Timepoint until);
    [[nodiscard]] net::Task<base::Result<RelayAnswer>> aliases(const base::ApiKey& key, net::Cancellation& cancellation,
                                                               net::Timepoint until);
    [[nodiscard]] net::Task<base::Result<RelayAnswer>> instances(const base::ApiKey& key, const base::ChuteId& chute,
                                                                 net::Cancellation& cancellation, net::Timepoint until);

    // Returns when the reply's head is there: for a reply that is not a stream, after the instance has finished. Everything
    // `invocation` refers to must live until then.
    [[nodiscard]] net::Task<base::Result<net::UpstreamReply>> invoke(const Invocation& invocation,
                                                                     net::Cancellation& cancellation, net::Timepoint until);

private:
    struct Get {
        const net::Origin& origin;
        std::string target;
        std::size_t size_max;
    };
    [[nodiscard]] net::Task<base::Result<RelayAnswer>> get(Get what, const base::ApiKey& key, net::Cancellation& cancellation,
                                                           net::Timepoint until);

    net::Client& client_;
    RelaySettings settings_;
};

}  // namespace proxy
