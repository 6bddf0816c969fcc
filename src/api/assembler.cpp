#include "api/assembler.h"

#include "api/error_reply.h"
#include "base/limits.h"

#include <algorithm>
#include <utility>

namespace api {

namespace {

Failure broken(std::string message) {
    return {502, std::move(message), {}, {}};
}

// More is no count of tokens; sums of these do not overflow.
constexpr std::int64_t tokens_max = 1'000'000'000'000;

std::int64_t count_of(json::Value number) {
    return std::clamp<std::int64_t>(number.as_integer().value_or(0), 0, tokens_max);
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// The first of the two members that is a string with something in it (null, absent and "" are the same).
std::string_view first_text(json::Value first, json::Value second) {
    const std::string_view text = first.as_string().value_or("");
    return text.empty() ? second.as_string().value_or("") : text;
}

}  // namespace

std::optional<Failure> Assembler::read(json::Value chunk, std::string_view content_member) {
    if (!chunk.is(json::Kind::object)) return broken("the instance sent something else than a chat completion");
    read_usage(chunk["usage"]);
    const json::Value choices = chunk["choices"];
    if (choices.size() > 0) choices_seen_ = true;
    if (choices_seen_ || usage_) begin();
    for (const json::Value choice : choices.elements()) {
        if (choice["index"].as_integer().value_or(0) != 0) continue;
        if (auto failure = read_choice(choice, content_member)) return failure;
        if (segments_ > base::limits::reply_segments_max)
            return broken("the reply changes between text and reasoning too often");
    }
    if (text_size_ > base::limits::reply_max) return broken("the reply is too large");
    return std::nullopt;
}

void Assembler::begin() {
    if (std::exchange(begun_, true)) return;
    sink_.begin(usage_);
}

void Assembler::read_usage(json::Value usage) {
    if (!usage.is(json::Kind::object)) return;
    Usage counts;
    counts.prompt = count_of(usage["prompt_tokens"]);
    counts.cached = std::min(count_of(usage["prompt_tokens_details"]["cached_tokens"]), counts.prompt);
    counts.completion = count_of(usage["completion_tokens"]);
    const json::Value reasoning = usage["completion_tokens_details"]["reasoning_tokens"];
    counts.reasoning = count_of(reasoning.is_null_or_absent() ? usage["reasoning_tokens"] : reasoning);
    const json::Value total = usage["total_tokens"];
    counts.total = total.is_null_or_absent() ? counts.prompt + counts.completion : count_of(total);
    usage_ = counts;
}

std::optional<Failure> Assembler::read_choice(json::Value choice, std::string_view content_member) {
    const json::Value content = choice[content_member];
    read_content(content);
    std::int64_t position = 0;
    for (const json::Value call : content["tool_calls"].elements()) {
        if (auto failure = read_tool_call(call, position++)) return failure;
    }
    const std::string_view finish_reason = choice["finish_reason"].as_string().value_or("");
    if (finish_reason == "abort" || finish_reason == "error") return broken("upstream aborted the generation");
    if (!finish_reason.empty()) finish_reason_ = finish_reason;
    if (const auto stop = first_text(choice["stop_reason"], choice["matched_stop"]); !stop.empty()) stop_text_ = stop;
    return std::nullopt;
}

void Assembler::read_content(json::Value content) {
    if (const auto reasoning = first_text(content["reasoning_content"], content["reasoning"]); !reasoning.empty()) {
        put(tags_.start_is_over());
        put_reasoning(counted(reasoning));
    }
    if (const auto text = content["content"].as_string()) put(tags_.feed(counted(*text)));
}

std::optional<Failure> Assembler::read_tool_call(json::Value update, std::int64_t position) {
    put(tags_.tool_comes());
    held_space_.clear();
    const std::int64_t index = update["index"].as_integer().value_or(position);
    Call* call = call_at(index, update);
    if (call == nullptr) return broken("the instance sent too many tool calls");
    const json::Value function = update["function"];
    const std::size_t longest =
        std::max(update["id"].as_string().value_or("").size(), function["name"].as_string().value_or("").size());
    if (longest > base::limits::tool_name_max) return broken("the instance sent a tool call whose id or name is too long");
    const json::Value arguments = function["arguments"];
    if (call->id.empty()) call->id = counted(update["id"].as_string().value_or(""));
    if (call->name.empty()) call->name = counted(function["name"].as_string().value_or(""));
    if (!call->closed) {
        if (arguments.is(json::Kind::object)) {  // SGLang
            call->arguments.add(counted(arguments.dump()));
        } else {
            call->arguments.add(counted(arguments.as_string().value_or("")));
        }
    }
    open_calls_in_turn();
    return std::nullopt;
}

// The call an update belongs to: the latest of its index, unless the update names another one. nullptr: too many.
Assembler::Call* Assembler::call_at(std::int64_t index, json::Value update) {
    const std::string_view id = update["id"].as_string().value_or("");
    const std::string_view name = update["function"]["name"].as_string().value_or("");
    const auto known = latest_.find(index);
    if (known != latest_.end()) {
        Call& call = calls_[known->second];
        const bool another = !id.empty() && !name.empty() && !call.id.empty() && call.id != id;
        if (!another) return &call;
    }
    if (calls_.size() >= base::limits::reply_tool_calls_max) return nullptr;
    latest_[index] = calls_.size();
    waiting_.push_back(calls_.size());
    return &calls_.emplace_back();
}

void Assembler::put(const ThinkTags::Parts& parts) {
    put_reasoning(parts.reasoning);
    put_text(parts.text);
}

void Assembler::put_reasoning(std::string_view text) {
    if (text.empty()) return;
    held_space_.clear();
    switch_to(SegmentKind::reasoning);
    sink_.add(text);
}

void Assembler::put_text(std::string_view text) {
    if (text.empty()) return;
    if (open_ != SegmentKind::text && is_blank(text)) {
        held_space_ += text;
        return;
    }
    switch_to(SegmentKind::text);
    sink_.add(std::exchange(held_space_, {}).append(text));
}

void Assembler::switch_to(SegmentKind kind) {
    open_all_calls();
    if (open_ == kind) return;
    close_segment(false);
    sink_.open({.kind = kind, .call_id = {}, .tool_name = {}});
    ++segments_;
    open_ = kind;
}

// The waiting calls whose turn has come: the one before is complete, as far as one can tell while more may come.
void Assembler::open_calls_in_turn() {
    stream_arguments();
    while (!waiting_.empty() && !calls_[waiting_.front()].name.empty()) {
        if (open_ == SegmentKind::tool && !calls_[open_call_].arguments.complete()) return;
        const std::size_t next = waiting_.front();
        waiting_.erase(waiting_.begin());
        open_call(next);
    }
}

// Something else comes, so no call waits any longer. One without a name is none.
void Assembler::open_all_calls() {
    for (const std::size_t next : std::exchange(waiting_, {})) {
        calls_[next].name.empty() ? waiting_.push_back(next) : open_call(next);
    }
}

void Assembler::open_call(std::size_t which) {
    close_segment(false);
    const Call& call = calls_[which];
    const std::string id = unused_id(call.id);
    sink_.open({.kind = SegmentKind::tool, .call_id = id, .tool_name = call.name});
    ++segments_;
    open_ = SegmentKind::tool;
    open_call_ = which;
    tool_called_ = true;
    stream_arguments();
}

void Assembler::stream_arguments() {
    if (open_ != SegmentKind::tool) return;
    if (const std::string piece = calls_[open_call_].arguments.take(); !piece.empty()) sink_.add(piece);
}

void Assembler::close_segment(bool cut) {
    if (!open_) return;
    SegmentEnd end{.cut = cut, .unusable_arguments = {}};
    ToolArguments::Rest rest;
    if (open_ == SegmentKind::tool) {
        Call& call = calls_[open_call_];
        call.closed = true;
        rest = call.arguments.finish();
        if (!rest.object.empty()) sink_.add(rest.object);
        end.unusable_arguments = rest.unusable;
        call.arguments = {};
    }
    sink_.close(end);
    open_.reset();
}

std::string Assembler::unused_id(std::string_view wanted) {
    const std::string id = wanted.empty() ? "call_" + random_ + std::to_string(ids_.size()) : std::string(wanted);
    std::string candidate = id;
    for (std::size_t number = 2; !ids_.insert(candidate).second; ++number) candidate = id + "_" + std::to_string(number);
    return candidate;
}

std::string_view Assembler::counted(std::string_view text) {
    text_size_ += text.size();
    return text;
}

std::optional<Failure> Assembler::finish(bool done) {
    if (finish_reason_.empty() && !(done && choices_seen_)) return incomplete_stream();
    put(tags_.finish());
    open_all_calls();
    const Ending ending = finish_reason_ == "length"           ? Ending::length
                          : finish_reason_ == "content_filter" ? Ending::filter
                                                               : Ending::complete;
    close_segment(ending != Ending::complete);
    sink_.end({.ending = ending, .stop_text = stop_text_, .tool_called = tool_called_, .usage = usage_});
    return std::nullopt;
}

}  // namespace api
