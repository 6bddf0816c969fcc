#include "sim/plan.h"

#include "base/base64.h"
#include "crypto/gzip.h"

#include <algorithm>

namespace sim {
namespace {

using Do = Step::Do;
using Steps = std::vector<Step>;

constexpr std::size_t MiB = 1024 * 1024;
constexpr std::size_t default_at = 4;

std::string fake_content() {
    return "data: "
           "{\"id\":\"chatcmpl-forged\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":"
           "\"FORGED\"},\"finish_reason\":null}]}\n\n";
}

// --- faults in what the model server says ---

bool finishes(const std::string& event) {
    return event.find("\"finish_reason\":\"") != std::string::npos;
}
bool is_done(const std::string& event) {
    return event.starts_with("data: [DONE]");
}

void spoil_events(std::vector<std::string>& events, const Hit& fault) {
    if (fault.name == "end_without_done") {
        std::erase_if(events, is_done);
    } else if (fault.name == "end_without_finish") {
        std::erase_if(events, finishes);
    } else if (fault.name == "end_with_neither") {
        std::erase_if(events, [](const std::string& event) { return is_done(event) || finishes(event); });
    } else if (fault.name == "data_after_done") {
        events.push_back(fake_content());
    } else if (fault.name == "space_after_done") {
        events.emplace_back("\n");
    } else if (fault.name == "error_event") {
        const auto at = fault.at >= 0 ? static_cast<std::size_t>(fault.at) : 2;
        events.resize(std::min(events.size(), at));
        events.emplace_back(
            "data: {\"error\":{\"object\":\"error\",\"message\":\"CUDA out of "
            "memory\",\"type\":\"InternalServerError\",\"code\":500}}\n\n");
        events.emplace_back("data: [DONE]\n\n");
    }
}

// --- faults in how it is sealed and sent ---

// The steps with the place to strike: the index of a sealed chunk.
class Struck {
public:
    Struck(Steps& steps, const Hit& fault) : steps_(steps) {
        const auto last = steps.size() - 1;
        at_ = fault.at >= 0 ? static_cast<std::size_t>(fault.at) + 1 : std::min(default_at + 1, (last + 1) / 2);
        at_ = std::clamp(at_, std::min<std::size_t>(1, last), last);
        if (fault.name.ends_with("_mid_event")) to_inside_of_event();
        if (!fault.name.ends_with("_mid_event") && !fault.name.ends_with("_mid_chunk") && fault.at < 0) to_event_start();
    }

    [[nodiscard]] Step& step() { return steps_[at_]; }
    void cut_before() { steps_.resize(at_); }
    void insert(Step step) { steps_.insert(steps_.begin() + static_cast<std::ptrdiff_t>(at_), std::move(step)); }
    void insert_all(Steps more) {
        steps_.insert(steps_.begin() + static_cast<std::ptrdiff_t>(at_), std::make_move_iterator(more.begin()),
                      std::make_move_iterator(more.end()));
    }
    void then(Do what) { steps_.push_back({.what = what}); }
    void swap_with_next() {
        if (at_ + 1 < steps_.size()) std::swap(steps_[at_].text, steps_[at_ + 1].text);
    }
    void drop_event() {
        auto end = steps_.begin() + static_cast<std::ptrdiff_t>(at_);
        while (end != steps_.end() && !end->event_end) ++end;
        if (end != steps_.end()) ++end;
        steps_.erase(steps_.begin() + static_cast<std::ptrdiff_t>(at_), end);
    }
    Steps& all() { return steps_; }

private:
    void to_event_start() {
        while (at_ + 1 < steps_.size() && at_ > 1 && !steps_[at_ - 1].event_end) ++at_;
    }
    // To a chunk that continues an event; where every chunk is whole events, one is cut in two.
    void to_inside_of_event() {
        for (std::size_t i = at_; i < steps_.size(); ++i) {
            if (i > 1 && !steps_[i - 1].event_end) {
                at_ = i;
                return;
            }
        }
        Step first = steps_[at_];
        first.text.resize(first.text.size() / 2);
        first.event_end = false;
        insert(std::move(first));
        ++at_;
    }

    Steps& steps_;
    std::size_t at_ = 0;
};

// "reset_mid_chunk" and its kin: where, and what happens there.
bool spoil_flow(Steps& steps, const Hit& fault) {
    static constexpr std::pair<std::string_view, std::optional<Do>> endings[] = {
        {"reset_", Do::reset}, {"close_", Do::close}, {"stall_", Do::stall}, {"end_", std::nullopt}};
    for (const auto& [prefix, what] : endings) {
        if (!fault.name.starts_with(prefix)) continue;
        const std::string_view where = fault.name.substr(prefix.size());
        Struck struck(steps, fault);
        if (where == "after_headers") {
            steps.clear();
        } else if (where == "after_init") {
            steps.resize(1);
        } else if (where == "mid_chunk") {
            struck.step().what = Do::seal_half;
            struck.step().event_end = true;
            Step half = std::move(struck.step());
            struck.cut_before();
            steps.push_back(std::move(half));
        } else if (where == "mid_event" || where == "mid_stream") {
            struck.cut_before();
        } else if (where == "before_done") {
            const auto done =
                std::ranges::find_if(steps, [](const Step& step) { return step.text.starts_with("data: [DONE]"); });
            steps.erase(done, steps.end());
        } else {
            return false;
        }
        if (what) struck.then(*what);
        return true;
    }
    return false;
}

Steps huge_event_steps() {
    Steps steps;
    steps.push_back({.what = Do::seal, .text = R"(data: {"choices":[{"index":0,"delta":{"content":")"});
    for (std::size_t sent = 0; sent < 17 * MiB; sent += 64 * 1024)
        steps.push_back({.what = Do::seal, .text = std::string(64 * 1024, 'x')});
    steps.push_back({.what = Do::seal, .text = "\"},\"finish_reason\":null}]}\n"});
    steps.push_back({.what = Do::seal, .text = "\n", .event_end = true});
    return steps;
}

Step clear(std::string text) {
    return {.what = Do::clear, .text = std::move(text), .event_end = true};
}

struct Forgery {
    std::string_view name;
    void (*apply)(Struck&);
};

constexpr Forgery forgeries[] = {
    {"empty_stream", [](Struck& s) { s.all().clear(); }},
    {"wrong_tag", [](Struck& s) { s.step().what = Do::seal_wrong_tag; }},
    {"bit_flip", [](Struck& s) { s.step().what = Do::seal_flipped; }},
    {"bad_base64", [](Struck& s) { s.step().what = Do::seal_not_base64; }},
    {"replayed_chunk", [](Struck& s) { s.insert({.what = Do::again, .event_end = true}); }},
    {"reordered_chunks", [](Struck& s) { s.swap_with_next(); }},
    {"dropped_chunk", [](Struck& s) { s.drop_event(); }},
    {"second_init", [](Struck& s) { s.insert({.what = Do::init, .event_end = true}); }},
    {"chunk_before_init", [](Struck& s) { std::swap(s.all().front(), s.all()[s.all().size() > 1 ? 1 : 0]); }},
    {"no_init", [](Struck& s) { s.all().erase(s.all().begin()); }},
    {"short_init",
     [](Struck& s) {
         s.all()[0] =
             clear("data: {\"e2e_init\":\"" + base::base64_encode(base::Bytes(crypto::kem_ciphertext_size - 1, 7)) + "\"}\n\n");
     }},
    {"short_chunk", [](Struck& s) { s.insert(clear(chunk_event(base::Bytes(27, 7)))); }},
    {"wrong_type_chunk", [](Struck& s) { s.insert(clear("data: {\"e2e\":7}\n\n")); }},
    {"clear_content", [](Struck& s) { s.insert(clear(fake_content())); }},
    {"clear_before_init", [](Struck& s) { s.all().insert(s.all().begin(), clear(fake_content())); }},
    {"clear_error",
     [](Struck& s) {
         s.cut_before();
         s.all().push_back(clear("data: {\"e2e_error\":\"Upstream connection lost\"}\n\n"));
     }},
    {"clear_error_first", [](Struck& s) { s.all() = {clear("data: {\"e2e_error\":\"Upstream connection lost\"}\n\n")}; }},
    {"clear_done_early",
     [](Struck& s) {
         s.cut_before();
         s.all().push_back(clear("data: [DONE]\n\n"));
     }},
    {"clear_done_mid", [](Struck& s) { s.insert(clear("data: [DONE]\n\n")); }},
    {"clear_done_last", [](Struck& s) { s.all().push_back(clear("data: [DONE]\n\n")); }},
    {"huge_event", [](Struck& s) { s.insert_all(huge_event_steps()); }},
    {"huge_chunk",
     [](Struck& s) { s.insert({.what = Do::seal, .text = ": " + std::string(17 * MiB, 'x') + "\n\n", .event_end = true}); }},
    {"endless_line",
     [](Struck& s) {
         s.cut_before();
         s.all().push_back({.what = Do::clear, .text = "data: {\"e2e\":\""});
         for (int i = 0; i < 512; ++i) s.all().push_back(clear(std::string(64 * 1024, 'A')));
         s.then(Do::stall);
     }},
};

// As the relay does when the passthrough is not turned off.
void mix_in_usage(Steps& steps) {
    for (std::size_t i = steps.size(); i-- > 1;) {
        if (!steps[i].event_end) continue;
        steps.insert(steps.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                     clear("data: {\"usage\":{\"prompt_tokens\":999,\"completion_tokens\":999,\"total_tokens\":1998}}\n\n"));
    }
}

std::vector<std::string> cut(const std::string& event, Chunking chunking) {
    std::vector<std::string> out;
    switch (chunking) {
        case Chunking::line:
            for (std::size_t begin = 0; begin < event.size();) {
                const std::size_t end = std::min(event.find('\n', begin), event.size() - 1) + 1;
                out.push_back(event.substr(begin, end - begin));
                begin = end;
            }
            break;
        case Chunking::bytes:
            for (const char c : event) out.emplace_back(1, c);
            break;
        case Chunking::split:
            out = {event.substr(0, event.size() / 2), event.substr(event.size() / 2)};
            break;
        case Chunking::event:
        case Chunking::whole:
            out = {event};
            break;
    }
    return out;
}

}  // namespace

std::vector<std::string> events_of(std::string_view sse) {
    std::vector<std::string> out;
    std::string current;
    bool blank = true;  // the current line so far
    for (const char c : sse) {
        current += c;
        if (c == '\n') {
            if (blank) out.push_back(std::exchange(current, {}));
            blank = true;
        } else if (c != '\r') {
            blank = false;
        }
    }
    if (!current.empty()) out.push_back(std::move(current));
    return out;
}

std::vector<Step> plan_stream(StreamPlan plan) {
    spoil_events(plan.events, plan.fault);
    if (plan.chunking == Chunking::whole) {
        std::string all;
        for (const std::string& event : plan.events) all += event;
        plan.events = {std::move(all)};
    }
    Steps steps;
    steps.push_back({.what = Do::init});
    for (const std::string& event : plan.events) {
        for (std::string& piece : cut(event, plan.chunking)) steps.push_back({.what = Do::seal, .text = std::move(piece)});
        steps.back().event_end = true;
    }
    if (plan.clear_usage || plan.fault.name == "clear_usage") mix_in_usage(steps);
    if (plan.fault.name.empty() || spoil_flow(steps, plan.fault)) return steps;
    const auto* forgery = std::ranges::find(forgeries, plan.fault.name, &Forgery::name);
    if (forgery != std::end(forgeries)) {
        Struck struck(steps, plan.fault);
        forgery->apply(struck);
    }
    return steps;
}

std::string plan_blob(std::string_view json, Sealer& sealer, const Hit& fault) {
    const auto sealed = [&](std::string_view plain) { return sealer.reply_blob(crypto::gzip(base::as_bytes(plain))); };
    if (fault.name == "blob_clear") return std::string(json);
    if (fault.name == "blob_bomb") return sealer.reply_blob(gzip_bomb());
    if (fault.name == "blob_not_gzip") return sealer.reply_blob(base::as_bytes(json));
    if (fault.name == "blob_not_json") return sealed("I am not JSON: {\"choices\":[");
    if (fault.name == "blob_short") return std::string(20, '\x07');
    if (fault.name == "blob_empty") return {};
    std::string blob = sealed(json);
    if (fault.name == "blob_wrong_tag") blob.back() = static_cast<char>(blob.back() ^ 0x01);
    if (fault.name == "blob_truncated") blob.resize(blob.size() / 2);
    if (fault.name == "blob_trailing") blob += '\0';
    return blob;
}

void spoil_transport(Reply& reply, const Hit& fault) {
    const auto action = fault.name.starts_with("reset_") ? Do::reset : fault.name.starts_with("close_") ? Do::close : Do::stall;
    if (fault.name.ends_with("_before_status")) {
        reply = silent_reply(action);
    } else if (reply.length && fault.name.ends_with("_after_headers")) {
        reply.steps = {{.what = action}};
    } else if (reply.length && fault.name.ends_with("_mid_chunk")) {
        for (Step& step : reply.steps) step.text.resize(step.text.size() / 2);
        reply.steps.push_back({.what = action});
    }
}

}  // namespace sim
