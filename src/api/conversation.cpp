#include "api/conversation.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace api {
namespace {

constexpr std::string_view between_messages = "\n\n";

void write_part(json::Writer& writer, const Part& part) {
    writer.begin_object();
    switch (part.kind) {
        case Part::Kind::text:
            writer.member("type", "text").member("text", part.body);
            break;
        case Part::Kind::image:
            writer.member("type", "image_url").key("image_url").begin_object().member("url", part.body);
            if (!part.detail.empty()) writer.member("detail", part.detail);
            writer.end_object();
            break;
        case Part::Kind::audio:
            writer.member("type", "input_audio").member_raw("input_audio", part.body);
            break;
    }
    writer.end_object();
}

void write_call(json::Writer& writer, const ToolCall& call) {
    writer.begin_object().member("id", call.id).member("type", "function").key("function").begin_object();
    writer.member("name", call.name).member("arguments", call.arguments).end_object().end_object();
}

bool is_text(const Part& part) {
    return part.kind == Part::Kind::text;
}

}  // namespace

Part text_part(std::string_view text) {
    return {Part::Kind::text, std::string(text)};
}

std::string joined(const std::vector<std::string_view>& texts) {
    std::string whole;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) whole += '\n';
        whole += texts[i];
    }
    return whole;
}

std::string joined_texts(const Parts& parts) {
    std::vector<std::string_view> texts;
    for (const Part& part : parts) {
        if (is_text(part)) texts.emplace_back(part.body);
    }
    return joined(texts);
}

void join_onto(std::string& text, std::string_view separator, std::string_view more) {
    if (!text.empty() && !more.empty()) text += separator;
    text += more;
}

void AssistantTurn::merge(AssistantTurn next) {
    join_onto(text, between_messages, next.text);
    add_reasoning(next.reasoning);
    calls.insert(calls.end(), std::make_move_iterator(next.calls.begin()), std::make_move_iterator(next.calls.end()));
}

ToolAnswer tool_answer(Parts parts) {
    ToolAnswer answer;
    const bool has_text = std::ranges::any_of(parts, is_text);
    answer.text = has_text || parts.empty() ? joined_texts(parts) : "[image]";
    std::erase_if(parts, is_text);
    answer.images = std::move(parts);
    return answer;
}

void Conversation::system(std::string_view text) {
    if (text.empty()) return;
    if (messages_.empty()) messages_.push_back({.role = Role::system});
    if (messages_.size() == 1 && messages_.front().role == Role::system) {
        join_onto(messages_.front().text, between_messages, text);
    } else {
        remind(std::string("<system-reminder>\n").append(text).append("\n</system-reminder>"));
    }
}

void Conversation::user(Parts parts) {
    release_reminders();
    awaited_.clear();
    if (std::ranges::all_of(parts, is_text)) {
        messages_.push_back({.role = Role::user, .text = joined_texts(parts)});
    } else {
        messages_.push_back({.role = Role::user, .parts = std::move(parts)});
    }
}

void Conversation::assistant(AssistantTurn turn) {
    release_reminders();
    if (messages_.empty() || messages_.back().role != Role::assistant) {
        awaited_.clear();
        messages_.push_back({.role = Role::assistant});
    }
    for (const ToolCall& call : turn.calls) awaited_.insert(call.id);
    Message& message = messages_.back();
    AssistantTurn whole{std::move(message.text), std::move(message.reasoning), std::move(message.calls)};
    whole.merge(std::move(turn));
    message.text = std::move(whole.text);
    message.reasoning = std::move(whole.reasoning);
    message.calls = std::move(whole.calls);
}

void Conversation::tool(std::string_view call_id, std::string text) {
    messages_.push_back({.role = Role::tool, .text = std::move(text), .call_id = std::string(call_id)});
    if (const auto call = awaited_.find(call_id); call != awaited_.end()) awaited_.erase(call);
    if (awaited_.empty()) release_reminders();
}

void Conversation::remind(std::string reminder) {
    if (awaited_.empty()) {
        attach(reminder);
    } else {
        held_.push_back(std::move(reminder));
    }
}

void Conversation::end() {
    release_reminders();
}

void Conversation::release_reminders() {
    for (const std::string& reminder : std::exchange(held_, {})) attach(reminder);
}

void Conversation::attach(const std::string& reminder) {
    const bool can_take = !messages_.empty() && (messages_.back().role == Role::tool || messages_.back().role == Role::user);
    if (!can_take) {
        messages_.push_back({.role = Role::user, .text = reminder});
    } else if (Message& last = messages_.back(); last.parts.empty()) {
        last.text.append(between_messages).append(reminder);
    } else {
        last.parts.push_back(text_part(reminder));
    }
}

bool Conversation::ends_with_prefill() const {
    if (messages_.empty()) return false;
    const Message& last = messages_.back();
    return last.role == Role::assistant && !last.text.empty() && last.calls.empty();
}

Weight Conversation::weight() const {
    Weight weight;
    for (const Message& message : messages_) {
        weight.text_bytes += message.text.size() + message.reasoning.size();
        for (const ToolCall& call : message.calls) weight.text_bytes += call.name.size() + call.arguments.size();
        for (const Part& part : message.parts) {
            if (is_text(part)) weight.text_bytes += part.body.size();
            if (part.kind == Part::Kind::image) ++weight.images;
        }
    }
    return weight;
}

void Conversation::write_message(json::Writer& writer, const Message& message) {
    constexpr std::string_view roles[] = {"system", "user", "assistant", "tool"};
    writer.begin_object().member("role", roles[static_cast<std::size_t>(message.role)]);
    if (message.role == Role::tool) writer.member("tool_call_id", message.call_id);
    if (message.parts.empty()) {
        writer.member("content", message.text);
    } else {
        writer.key("content").begin_array();
        for (const Part& part : message.parts) write_part(writer, part);
        writer.end_array();
    }
    if (!message.reasoning.empty()) writer.member("reasoning_content", message.reasoning);
    if (!message.calls.empty()) {
        writer.key("tool_calls").begin_array();
        for (const ToolCall& call : message.calls) write_call(writer, call);
        writer.end_array();
    }
    writer.end_object();
}

void Conversation::write(json::Writer& writer) const {
    writer.begin_array();
    for (const Message& message : messages_) write_message(writer, message);
    writer.end_array();
}

}  // namespace api
