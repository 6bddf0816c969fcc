#include "api/reply.h"

#include "api/assembler.h"
#include "api/chat_events.h"
#include "api/chat_stream.h"
#include "api/error_reply.h"
#include "api/messages_reply.h"
#include "api/responses_reply.h"

namespace api {

namespace {

// The instance's chat chunks, assembled and said again in another dialect.
class TranslatedStream : public ReplyStream {
public:
    TranslatedStream(std::unique_ptr<Emitter> emitter, std::string_view random)
        : emitter_(std::move(emitter)), assembler_(*emitter_, random) {}

    [[nodiscard]] Output feed(std::string_view decrypted) override { return out(events_.feed(decrypted, to_assembler())); }
    [[nodiscard]] bool at_end() const override { return events_.done(); }
    [[nodiscard]] Output finish() override {
        auto failure = events_.finish(to_assembler());
        return out(failure ? std::move(failure) : assembler_.finish(events_.done()));
    }
    [[nodiscard]] std::string fail(const Failure& failure) override { return emitter_->fail(failure); }
    [[nodiscard]] std::string keepalive() const override { return emitter_->keepalive(); }

private:
    ChatEvents::Handler to_assembler() {
        return [this](const sse::Event&, json::Value data) { return assembler_.read_chunk(data); };
    }
    Output out(std::optional<Failure> failure) { return {emitter_->take(), std::move(failure)}; }

    ChatEvents events_;
    std::unique_ptr<Emitter> emitter_;
    Assembler assembler_;
};

std::optional<Failure> assemble(json::Value reply, SegmentSink& sink, std::string_view random) {
    Assembler assembler(sink, random);
    auto failure = assembler.read_whole(reply);
    return failure ? std::move(failure) : assembler.finish(true);
}

}  // namespace

std::unique_ptr<ReplyStream> ReplyStream::start(const ReplyContext& context, ReplyStamp stamp) {
    switch (context.dialect) {
        case Dialect::chat:
            break;
        case Dialect::messages:
            return std::make_unique<TranslatedStream>(std::make_unique<MessagesEvents>(context, stamp), stamp.random);
        case Dialect::responses:
            return std::make_unique<TranslatedStream>(std::make_unique<ResponsesEvents>(context, stamp), stamp.random);
    }
    return std::make_unique<ChatStream>(context);
}

Outcome<std::string> whole_reply(const ReplyContext& context, ReplyStamp stamp, std::string_view decrypted) {
    const auto parsed = json::parse(decrypted);
    if (!parsed) return refuse(502, "the instance's reply is not JSON");
    if (auto failure = error_in(parsed->root())) return std::unexpected(std::move(*failure));
    switch (context.dialect) {
        case Dialect::chat:
            break;
        case Dialect::messages: {
            WholeMessage message(context, stamp);
            if (auto failure = assemble(parsed->root(), message, stamp.random)) return std::unexpected(std::move(*failure));
            return message.take();
        }
        case Dialect::responses: {
            ResponsesEvents events(context, stamp);
            if (auto failure = assemble(parsed->root(), events, stamp.random)) return std::unexpected(std::move(*failure));
            return events.response();
        }
    }
    return std::string(decrypted);
}

}  // namespace api
