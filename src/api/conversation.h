// The messages of a chat completion under construction: the rules on joining, folding and merging that Claude and Responses
// requests share (formats page §1.0, §1.2, §1.4), each in this one place.
#pragma once

#include "json/json.h"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace api {

struct Part {
    enum class Kind : std::uint8_t { text, image, audio };
    Kind kind = Kind::text;
    std::string body = {};         // the text, the image's URL, or the `input_audio` object as JSON
    std::string_view detail = {};  // of an image: "low" or "high", else empty
};
using Parts = std::vector<Part>;

[[nodiscard]] Part text_part(std::string_view text);

// Blocks inside one message: the texts, joined with LF.
[[nodiscard]] std::string joined(const std::vector<std::string_view>& texts);
[[nodiscard]] std::string joined_texts(const Parts& parts);

// Appends `more` after `separator`, without it when `text` or `more` is empty.
void join_onto(std::string& text, std::string_view separator, std::string_view more);

struct ToolCall {
    std::string id;
    std::string name;
    std::string arguments;  // JSON text
};

struct AssistantTurn {
    std::string text;
    std::string reasoning;
    std::vector<ToolCall> calls;

    [[nodiscard]] bool empty() const { return text.empty() && reasoning.empty() && calls.empty(); }
    void add_reasoning(std::string_view more) { join_onto(reasoning, "\n", more); }
    // Turns that follow each other are one message.
    void merge(AssistantTurn next);
};

// A tool's answer: a tool message holds text only, so its images go to the user message after it.
struct ToolAnswer {
    std::string text;
    Parts images;
};
[[nodiscard]] ToolAnswer tool_answer(Parts parts);

// What the page's estimate of tokens counts.
struct Weight {
    std::size_t text_bytes = 0;
    std::size_t images = 0;
};

class Conversation {
public:
    // Joins the one system message while nothing else has been said, later it is folded. Nothing if empty.
    void system(std::string_view text);
    void user(Parts parts);
    void assistant(AssistantTurn turn);
    void tool(std::string_view call_id, std::string text);

    // Puts a text that is already wrapped as a reminder behind the last tool or user message, or into a user message of its
    // own. While the last assistant message waits for tool results it is held.
    void remind(std::string reminder);

    // After the last message.
    void end();

    [[nodiscard]] bool empty() const { return messages_.empty(); }
    // The client wrote the beginning of the answer: the last message is the assistant's, with text and no tool call.
    [[nodiscard]] bool ends_with_prefill() const;
    [[nodiscard]] Weight weight() const;

    // The list for `messages`.
    void write(json::Writer& writer) const;

private:
    enum class Role : std::uint8_t { system, user, assistant, tool };
    struct Message {
        Role role = Role::user;
        std::string text = {};  // the content, unless there are parts
        Parts parts = {};
        std::string reasoning = {};
        std::vector<ToolCall> calls = {};
        std::string call_id = {};
    };

    static void write_message(json::Writer& writer, const Message& message);
    void release_reminders();
    void attach(const std::string& reminder);

    std::vector<Message> messages_;
    std::set<std::string, std::less<>> awaited_;  // calls of the last assistant message without a result
    std::vector<std::string> held_;
};

}  // namespace api
