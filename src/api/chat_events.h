// The model server's own event stream, as it stands inside the ciphertext (protocol page §2): the rules that hold for every
// dialect. Events are split anywhere; [DONE] ends the stream and nothing but white space may follow it; an error may stand
// where a chunk should be.
#pragma once

#include "api/failure.h"
#include "json/json.h"
#include "sse/reader.h"

#include <functional>
#include <optional>
#include <string_view>

namespace api {

class ChatEvents {
public:
    // Gets each event but [DONE] and errors, with its data as JSON; absent if it is not JSON.
    using Handler = std::function<std::optional<Failure>(const sse::Event& event, json::Value data)>;

    // The first failure, the handler's or one of the stream's own, ends the stream: call nothing afterwards.
    [[nodiscard]] std::optional<Failure> feed(std::string_view decrypted, const Handler& handler);
    [[nodiscard]] std::optional<Failure> finish(const Handler& handler);

    // Whether [DONE] came.
    [[nodiscard]] bool done() const { return done_; }

private:
    std::optional<Failure> read(const Handler& handler);

    sse::Reader reader_;
    bool done_ = false;
    bool ended_ = false;
};

}  // namespace api
