// Exact replies queued by tests: they take the model server's place.
#pragma once

#include "sim/settings.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace sim {

struct Script {
    std::string chute;                // empty: any
    std::string path;                 // empty: any
    std::int64_t left = 1;            // uses left; negative: endless
    int status = 200;                 // what the model server says inside
    std::optional<std::string> sse;   // the inner bytes of a stream
    std::optional<std::string> body;  // of a reply that is not a stream
    std::optional<Chunking> chunking;
};

class Scripts {
public:
    void add(Script script) { queue_.push_back(std::move(script)); }
    void clear() { queue_.clear(); }
    [[nodiscard]] std::size_t size() const { return queue_.size(); }

    struct Call {
        std::string_view chute;
        std::string_view path;
        bool stream;
    };
    // The first that fits. One with an error status fits both kinds; else a stream needs `sse`, a reply `body`.
    [[nodiscard]] std::optional<Script> next(const Call& call) {
        for (auto it = queue_.begin(); it != queue_.end(); ++it) {
            if (!it->chute.empty() && it->chute != call.chute) continue;
            if (!it->path.empty() && it->path != call.path) continue;
            if (it->status < 400 && !(call.stream ? it->sse : it->body)) continue;
            Script script = *it;
            if (it->left > 0 && --it->left == 0) queue_.erase(it);
            return script;
        }
        return std::nullopt;
    }

private:
    std::deque<Script> queue_;
};

}  // namespace sim
