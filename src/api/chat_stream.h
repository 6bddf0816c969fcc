// The chat path's stream: the instance's events as they came, byte for byte, with exactly one [DONE]. Serves every path that
// streams; what it knows of chunks holds for /v1/chat/completions and /v1/completions alike and asks nothing of other shapes.
#pragma once

#include "api/chat_events.h"
#include "api/reply.h"

#include <cstdint>
#include <map>

namespace api {

class ChatStream : public ReplyStream {
public:
    explicit ChatStream(const ReplyContext& context) : include_usage_(context.include_usage) {}

    [[nodiscard]] Output feed(std::string_view decrypted) override;
    [[nodiscard]] bool at_end() const override { return events_.done(); }
    [[nodiscard]] Output finish() override;
    [[nodiscard]] std::string fail(const Failure& failure) override;
    [[nodiscard]] std::string keepalive() const override;

private:
    ChatEvents::Handler pass_to(std::string& out);
    void append_own_event(std::string& out, std::string_view data);
    [[nodiscard]] std::optional<Failure> note_choices(json::Value choices);

    ChatEvents events_;
    bool include_usage_;
    bool after_cr_ = false;                  // the last byte passed on was a CR
    std::map<std::int64_t, bool> finished_;  // choice index → whether its finish reason came
};

}  // namespace api
