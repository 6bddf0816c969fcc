// Segments as the OpenAI Responses API says them (formats page §1.5): its events, and the Response object they build up to.
#pragma once

#include "api/emitter.h"
#include "api/reply.h"
#include "json/json.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace api {

class ResponsesEvents : public Emitter {
public:
    ResponsesEvents(const ReplyContext& context, ReplyStamp stamp);

    void begin(const std::optional<Usage>& usage) override;
    void open(const SegmentStart& start) override;
    void add(std::string_view piece) override;
    void close(const SegmentEnd& end) override;
    void end(const ReplyEnd& end) override;
    [[nodiscard]] std::string fail(const Failure& failure) override;
    [[nodiscard]] std::string keepalive() const override;

    // The Response object, after end().
    [[nodiscard]] const std::string& response() const { return response_; }

private:
    struct Outcome {
        const char* status;
        std::string_view error = "null";
        std::string_view incomplete_details = "null";
        std::optional<Usage> usage = {};
    };
    // The item of `output` that is being filled.
    struct Item {
        SegmentKind kind = SegmentKind::text;
        std::string id;
        std::string call_id;
        ToolOrigin tool;
        std::string text;  // of a tool: its arguments, or its input
    };

    [[nodiscard]] json::Writer event_of(std::string_view type);
    [[nodiscard]] json::Writer event_in_item(std::string_view type);
    void send(std::string_view type, json::Writer& event);
    void send_delta(std::string_view piece);
    void send_part(std::string_view type, std::string_view text);
    void close_part();
    void close_call(const SegmentEnd& end);

    [[nodiscard]] std::string item_object(std::string_view status) const;
    void write_text_item(json::Writer& out, bool filled) const;
    void write_call_item(json::Writer& out) const;
    [[nodiscard]] std::string response_object(const Outcome& outcome) const;
    void finish(const char* type, const Outcome& outcome);

    ReplyContext context_;
    ReplyStamp stamp_;
    std::int64_t sequence_ = 0;
    bool begun_ = false;
    Item item_;
    std::int64_t output_index_ = 0;
    std::string output_;  // finished items, with commas between
    std::string response_;
};

}  // namespace api
