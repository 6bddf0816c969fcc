// Segments as the Claude Messages API says them (formats page §1.3): its events, or one whole message.
#pragma once

#include "api/emitter.h"
#include "api/reply.h"
#include "json/json.h"

#include <cstdint>

namespace api {

class MessagesEvents : public Emitter {
public:
    MessagesEvents(const ReplyContext& context, const ReplyStamp& stamp) : context_(context), id_("msg_" + stamp.random) {}

    void begin(const std::optional<Usage>& usage) override;
    void open(const SegmentStart& start) override;
    void add(std::string_view piece) override;
    void close(const SegmentEnd& end) override;
    void end(const ReplyEnd& end) override;
    [[nodiscard]] std::string fail(const Failure& failure) override;
    [[nodiscard]] std::string keepalive() const override;

private:
    void delta(std::string_view type, std::string_view member, std::string_view text);

    ReplyContext context_;
    std::string id_;
    SegmentKind open_ = SegmentKind::text;
    std::int64_t index_ = 0;
};

class WholeMessage : public SegmentSink {
public:
    WholeMessage(const ReplyContext& context, const ReplyStamp& stamp) : context_(context), id_("msg_" + stamp.random) {}

    void begin(const std::optional<Usage>&) override { content_.begin_array(); }
    void open(const SegmentStart& start) override;
    void add(std::string_view piece) override { text_ += piece; }
    void close(const SegmentEnd& end) override;
    void end(const ReplyEnd& end) override;

    // After end().
    [[nodiscard]] std::string take() { return message_.take(); }

private:
    const ReplyContext& context_;
    std::string id_;
    json::Writer content_;
    json::Writer message_;
    SegmentKind open_ = SegmentKind::text;
    std::string text_;
};

}  // namespace api
