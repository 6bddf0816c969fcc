// Opens a streamed reply (docs/protocol.md §2): the relay's clear-text server-sent events in, the model server's own bytes out.
// What each event of the relay may be, and nothing else:
//
//   {"e2e_init":"…"}   once, before any chunk: the KEM ciphertext
//   {"e2e":"…"}        a chunk: nonce || ciphertext || tag
//   {"usage":…}        dropped: nobody authenticated it, and the chunks say it as well
//   [DONE]             dropped likewise
//   {"e2e_error":…}    ends the stream with relay_reported
//
// Version 1 of the protocol cannot tell that chunks were left out or put in another order.
#pragma once

#include "base/result.h"
#include "crypto/kem.h"

#include <memory>
#include <string>
#include <string_view>

namespace e2ee {

class StreamOpener {
public:
    explicit StreamOpener(crypto::DecapsulationKey key);
    StreamOpener(StreamOpener&&) noexcept;
    StreamOpener& operator=(StreamOpener&&) noexcept;
    ~StreamOpener();

    // Takes a piece of the outer stream, appends to `plaintext` what it completed (often nothing). Events and chunks may be
    // split anywhere. What was appended is authentic even if an error follows. An error is final, and given again:
    //   reply_rejected   chunk before init, second init, bad base64, bad tag, a nonce seen before, any other kind of event
    //   relay_reported   {"e2e_error":…}; clear text, so anyone on the way may have written it
    //   upstream_broken  an event over limits::stream_event_max, or more chunks than limits::stream_chunks_max
    [[nodiscard]] base::Result<void> feed(std::string_view outer_bytes, std::string& plaintext);

    // The outer stream ended. Appends the plaintext of an event that lacks only its line end. `upstream_broken` if the stream
    // ended inside an event or before the init. Whether the *inner* stream was complete is for the reader of the plaintext to
    // judge (api/).
    [[nodiscard]] base::Result<void> finish(std::string& plaintext);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace e2ee
