// Opens a streamed reply: the relay's clear-text server-sent events in, the model server's own bytes out.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/kem.h"

namespace e2ee {

class StreamOpener {
public:
    explicit StreamOpener(crypto::DecapsulationKey key);
    StreamOpener(StreamOpener&&) noexcept;
    StreamOpener& operator=(StreamOpener&&) noexcept;
    ~StreamOpener();

    // Takes a piece of the outer stream, answers the plaintext bytes it completed (often none). An error is final:
    //   reply_rejected   chunk before init, second init, bad base64, bad tag, a nonce seen before, unknown sealed shape
    //   relay_reported   the relay sent {"e2e_error": ...}; clear text, so anyone on the way may have written it
    //   upstream_broken  an event over limits::stream_event_max, too many chunks, not an event stream
    // Clear-text {"usage": ...} and an outer [DONE] are dropped: they are not authenticated.
    [[nodiscard]] base::Result<std::string> feed(std::string_view outer_bytes);

    // The outer stream ended. `upstream_broken` if it did so inside an event or before the init. Whether the *inner* stream was
    // complete is for the reader of the plaintext to judge (api/).
    [[nodiscard]] base::Result<void> finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace e2ee
