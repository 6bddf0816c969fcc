// A strict client of the two translated event streams and of chat: knows what may follow what, and breaks a law otherwise.
#pragma once

#include "api/dialect.h"
#include "json/json.h"
#include "support.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace fuzz {

enum class Ending : std::uint8_t { none, normal, error };

// Claude: blocks one after the other, and nothing after message_stop or an error.
class MessagesClient {
public:
    void take(json::Value event) {
        require(ending_ == Ending::none, "nothing follows the end of a message");
        const std::string_view type = event["type"].as_string().value_or("");
        if (type == "error") {
            require(event["error"]["message"].as_string().has_value(), "an error says something");
            ending_ = Ending::error;
        } else if (type == "message_start") {
            require(!started_, "a message starts once");
            started_ = true;
        } else if (type.starts_with("content_block_")) {
            require(started_ && !stopped_, "blocks stand between message_start and message_delta");
            require(event["index"].as_integer() == index_, "blocks are numbered one after the other");
            take_block(type, event);
        } else if (type == "message_delta") {
            require(started_ && !open_ && !stopped_, "message_delta comes once, after all blocks");
            require(event["delta"]["stop_reason"].as_string().has_value(), "a message has a reason to stop");
            stopped_ = true;
        } else {
            require(type == "message_stop" && stopped_, "there is no other event, and message_stop follows message_delta");
            ending_ = Ending::normal;
        }
    }
    [[nodiscard]] Ending ending() const { return ending_; }

private:
    void take_block(std::string_view type, json::Value event) {
        if (type == "content_block_start") {
            require(!open_, "a block starts when the one before has stopped");
            open_ = true;
            block_ = event["content_block"]["type"].as_string().value_or("");
            require(block_ != "tool_use" || !event["content_block"]["id"].as_string().value_or("").empty(), "a call has an id");
            arguments_.clear();
        } else if (type == "content_block_delta") {
            const std::string_view delta = event["delta"]["type"].as_string().value_or("");
            const bool fits = block_ == "text" ? delta == "text_delta"
                              : block_ == "tool_use"
                                  ? delta == "input_json_delta"
                                  : block_ == "thinking" && (delta == "thinking_delta" || delta == "signature_delta");
            require(open_ && fits, "a delta is of its block's kind");
            arguments_ += event["delta"]["partial_json"].as_string().value_or("");
        } else {
            require(type == "content_block_stop" && open_, "what started stops");
            open_ = false;
            ++index_;
            calls_cut_short_ += arguments_.empty() || json::parse(arguments_) ? 0 : 1;
            require(calls_cut_short_ <= 1, "only the last call can be cut off");
        }
    }

    bool started_ = false;
    bool open_ = false;
    bool stopped_ = false;
    int calls_cut_short_ = 0;
    std::int64_t index_ = 0;
    std::string block_;
    std::string arguments_;
    Ending ending_ = Ending::none;
};

// Responses: numbered events, items one after the other, and a last response that shows exactly the items that were sent.
class ResponsesClient {
public:
    void take(json::Value event) {
        require(ending_ == Ending::none, "nothing follows the end of a response");
        require(event["sequence_number"].as_integer() == sequence_++, "events are numbered from 0");
        const std::string_view type = event["type"].as_string().value_or("");
        if (type == "response.created" || type == "response.in_progress") {
            require(sequence_ == (type == "response.created" ? 1 : 2), "a response begins with created and in_progress");
            return;
        }
        require(sequence_ > 2, "a response begins with created and in_progress");
        if (type == "response.completed" || type == "response.incomplete" || type == "response.failed") {
            // A call that was cut off is never done: clients would run it.
            require(type != "response.completed" || !open_, "items are done before the response is");
            const std::string shown = event["response"]["output"].dump();
            const bool cut_call = type == "response.incomplete" && open_;  // shown behind the others, as far as it came
            require(cut_call ? shown.starts_with("[" + output_) : shown == "[" + output_ + "]",
                    "the response shows the items as they were sent");
            require(type.ends_with(event["response"]["status"].as_string().value_or("?")), "the status is that of the event");
            ending_ = type == "response.failed" ? Ending::error : Ending::normal;
            return;
        }
        require(event["output_index"].as_integer() == index_, "items are numbered one after the other");
        take_of_item(type, event);
    }
    [[nodiscard]] Ending ending() const { return ending_; }

private:
    void take_of_item(std::string_view type, json::Value event) {
        if (type == "response.output_item.added") {
            require(!open_, "an item is added when the one before is done");
            open_ = true;
            id_ = event["item"]["id"].as_string().value_or("");
            require(!id_.empty() && ids_[id_]++ == 0, "an item has an id of its own");
            text_.clear();
            return;
        }
        require(open_, "only an item that was added changes");
        if (type == "response.output_item.done") {
            require(event["item"]["id"].as_string() == id_, "an item keeps its id");
            output_ += (output_.empty() ? "" : ",") + event["item"].dump();
            open_ = false;
            ++index_;
            return;
        }
        require(event["item_id"].as_string() == id_, "an event names the item that is open");
        if (const auto delta = event["delta"].as_string()) {
            require(!delta->empty(), "no delta is empty");
            text_ += *delta;
        }
        for (const char* whole : {"text", "arguments", "input"}) {
            const auto said = event[whole].as_string();
            require(!said || *said == text_, "the deltas together are the text");
        }
    }

    std::int64_t sequence_ = 0;
    std::int64_t index_ = 0;
    bool open_ = false;
    std::string id_;
    std::string text_;
    std::string output_;
    std::map<std::string, int, std::less<>> ids_;
    Ending ending_ = Ending::none;
};

// Chat passes on what the instance wrote, so that only [DONE] and our own error can be judged.
class ChatClient {
public:
    void take(std::string_view data) {
        require(ending_ != Ending::normal, "nothing follows [DONE]");
        if (data == "[DONE]") ending_ = Ending::normal;
    }
    [[nodiscard]] Ending ending() const { return ending_; }

private:
    Ending ending_ = Ending::none;
};

}  // namespace fuzz
