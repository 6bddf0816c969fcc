#include "api/reply_accumulators.h"

#include <map>
#include <optional>
#include <set>

namespace reply_test {

namespace {

std::string text_of(json::Value value) {
    return std::string(value.as_string().value_or(""));
}

class MessagesClient {
public:
    void take(json::Value event) {
        const std::string type = text_of(event["type"]);
        if (type == "ping") return;
        need(!stopped_, "an event after message_stop");
        if (type == "message_start") {
            need(!started_, "message_start twice");
            started_ = true;
            const json::Value message = event["message"];
            need(text_of(message["role"]) == "assistant" && !text_of(message["id"]).empty(), "message without role or id");
            need(message["content"].is(json::Kind::array) && message["content"].size() == 0, "message_start with content");
            need(message["usage"]["input_tokens"].as_integer().has_value(), "message_start without input_tokens");
            return;
        }
        need(started_, "the first event is not message_start");
        if (type == "content_block_start") return start_block(event);
        if (type == "content_block_delta") return add(event["index"], event["delta"]);
        if (type == "content_block_stop") return stop_block(event["index"]);
        if (type == "message_delta") return end(event);
        if (type == "message_stop") {
            need(!out.end.empty(), "message_stop without stop_reason");
            stopped_ = true;
            return;
        }
        need(false, "an unknown event: " + type);
    }
    void finish() { need(stopped_, "no message_stop"); }

    Accumulated out;

private:
    void need(bool held, std::string complaint) {
        if (!held) out.complaints.push_back(std::move(complaint));
    }

    void start_block(json::Value event) {
        need(!open_, "a block starts within another");
        need(out.end.empty(), "a block after message_delta");
        need(event["index"].as_integer() == std::int64_t(out.segments.size()), "block indices are not 0, 1, 2…");
        const json::Value block = event["content_block"];
        open_ = text_of(block["type"]);
        if (open_ == "thinking") {
            need(block["thinking"].as_string() == "" && block["signature"].as_string() == "", "thinking starts with content");
            out.segments.push_back({Segment::Kind::reasoning, "", ""});
        } else if (open_ == "text") {
            need(block["text"].as_string() == "", "text starts with content");
            out.segments.push_back({Segment::Kind::text, "", ""});
        } else {
            need(open_ == "tool_use", "an unknown block");
            need(!text_of(block["id"]).empty() && !text_of(block["name"]).empty(), "a tool without id or name");
            need(block["input"].is(json::Kind::object) && block["input"].size() == 0, "a tool that starts with input");
            out.segments.push_back({Segment::Kind::tool, "", text_of(block["name"])});
            out.call_ids.push_back(text_of(block["id"]));
        }
        signed_ = false;
    }

    void add(json::Value index, json::Value delta) {
        need(open_ && index.as_integer() == std::int64_t(out.segments.size()) - 1, "a delta for a block that is not open");
        if (!open_) return;
        static const std::map<std::string, std::pair<std::string, std::string>> deltas{
            {"thinking_delta", {"thinking", "thinking"}},
            {"text_delta", {"text", "text"}},
            {"input_json_delta", {"tool_use", "partial_json"}},
            {"signature_delta", {"thinking", "signature"}}};
        const std::string type = text_of(delta["type"]);
        const auto known = deltas.find(type);
        if (known == deltas.end() || known->second.first != *open_)
            return need(false, "a " + type + " in a " + *open_ + " block");
        const std::string text = text_of(delta[known->second.second]);
        need(!text.empty(), "an empty delta");
        need(!signed_, "a delta after the signature");
        if (type == "signature_delta") {
            signed_ = true;
        } else {
            out.segments.back().text += text;
        }
    }

    void stop_block(json::Value index) {
        need(open_ && index.as_integer() == std::int64_t(out.segments.size()) - 1, "a stop for a block that is not open");
        if (open_ == "tool_use") {
            const std::string& input = out.segments.back().text;
            need(input.empty() || json::parse(input).has_value(), "tool input that is not JSON");
        }
        if (open_ == "thinking") need(signed_, "thinking without a signature");
        open_.reset();
    }

    void end(json::Value event) {
        need(!open_, "message_delta within a block");
        out.end = text_of(event["delta"]["stop_reason"]);
        out.input_tokens = event["usage"]["input_tokens"].as_integer().value_or(-1);
        out.output_tokens = event["usage"]["output_tokens"].as_integer().value_or(-1);
    }

    bool started_ = false;
    bool stopped_ = false;
    bool signed_ = false;
    std::optional<std::string> open_;
};

// What an item of a Response says.
Segment segment_of(json::Value item) {
    const std::string type = text_of(item["type"]);
    if (type == "message") return {Segment::Kind::text, text_of((*item["content"].elements().begin())["text"]), ""};
    if (type == "reasoning") {
        const json::Value parts = item["summary"].size() > 0 ? item["summary"] : item["content"];
        return {Segment::Kind::reasoning, text_of((*parts.elements().begin())["text"]), ""};
    }
    return {Segment::Kind::tool, text_of(item["arguments"]), text_of(item["name"])};
}

class ResponsesClient {
public:
    void take(json::Value event) {
        const std::string type = text_of(event["type"]);
        need(event["sequence_number"].as_integer() == sequence_++, "sequence numbers do not count from 0");
        need(out.end.empty(), "an event after the end");
        if (sequence_ == 1) need(type == "response.created", "the first event is not response.created");
        if (const json::Value response = event["response"]; response.present()) return take_response(type, response);
        if (type == "response.output_item.added") return add_item(event);
        if (type == "response.output_item.done") return finish_item(event);
        need(item_.has_value(), type + " without an item");
        need(text_of(event["item_id"]) == item_id_, "another item_id");
        need(event["output_index"].as_integer() == std::int64_t(done_.size()), "another output_index");
        if (type.ends_with("_part.added")) {
            need(!part_open_ && text_of(event["part"]["text"]).empty(), "a part that is open or full");
            part_open_ = true;
        } else if (type.ends_with(".delta")) {
            need(!text_of(event["delta"]).empty(), "an empty delta");
            need(part_open_ || item_ == "function_call", "a delta before its part");
            text_ += text_of(event["delta"]);
        } else if (type.ends_with("_part.done")) {
            need(part_open_ && text_of(event["part"]["text"]) == text_, "a part's end that does not repeat its deltas");
            part_open_ = false;
        } else if (type == "response.function_call_arguments.done") {
            need(text_of(event["arguments"]) == text_, "arguments that do not repeat their deltas");
        } else if (type.ends_with("_text.done")) {
            need(text_of(event["text"]) == text_, "text that does not repeat its deltas");
        } else {
            need(false, "an unknown event: " + type);
        }
    }
    void finish() { need(!out.end.empty(), "no end"); }

    Accumulated out;

private:
    void need(bool held, std::string complaint) {
        if (!held) out.complaints.push_back(std::move(complaint));
    }

    void take_response(const std::string& type, json::Value response) {
        const std::string id = text_of(response["id"]);
        need(!id.empty() && (id_.empty() || id == id_), "the response's id is not constant");
        id_ = id;
        for (const char* member : {"created_at", "model", "output", "tools", "parallel_tool_calls", "usage"})
            need(response[member].present(), std::string("a response without ") + member);
        if (type == "response.created" || type == "response.in_progress") {
            need(response["output"].size() == 0 && text_of(response["status"]) == "in_progress", "a response that starts full");
            return;
        }
        need(!item_, "the end within an item");
        out.end = text_of(response["status"]);
        need(type == "response." + out.end, "a status unlike the event");
        out.input_tokens = response["usage"]["input_tokens"].as_integer().value_or(-1);
        out.output_tokens = response["usage"]["output_tokens"].as_integer().value_or(-1);
        std::vector<std::string> finished;
        for (const json::Value item : response["output"].elements()) finished.push_back(item.dump());
        need(finished == done_, "the final output is not what was finished");
    }

    void add_item(json::Value event) {
        need(!item_, "an item within another");
        need(event["output_index"].as_integer() == std::int64_t(done_.size()), "output indices have gaps");
        const json::Value item = event["item"];
        item_ = text_of(item["type"]);
        item_id_ = text_of(item["id"]);
        call_id_ = text_of(item["call_id"]);
        need(!item_id_.empty() && item_ids_.insert(item_id_).second, "an item id that is empty or used before");
        need(text_of(item["status"]) == "in_progress", "an item that starts finished");
        text_.clear();
    }

    void finish_item(json::Value event) {
        const json::Value item = event["item"];
        need(item_ == text_of(item["type"]) && item_id_ == text_of(item["id"]) && call_id_ == text_of(item["call_id"]),
             "an item that changed its type or ids");
        need(!part_open_, "an item that ends within a part");
        need(segment_of(item).text == text_, "an item that does not repeat its deltas");
        out.segments.push_back(segment_of(item));
        if (!call_id_.empty()) out.call_ids.push_back(call_id_);
        done_.push_back(item.dump());
        item_.reset();
    }

    std::int64_t sequence_ = 0;
    std::string id_;
    std::optional<std::string> item_;
    std::string item_id_;
    std::string call_id_;
    std::string text_;
    bool part_open_ = false;
    std::set<std::string> item_ids_;
    std::vector<std::string> done_;
};

template <class Client>
Accumulated accumulate(json::Value events) {
    Client client;
    for (const json::Value event : events.elements()) client.take(event);
    client.finish();
    return client.out;
}

}  // namespace

Accumulated accumulate_messages(json::Value events) {
    return accumulate<MessagesClient>(events);
}
Accumulated accumulate_responses(json::Value events) {
    return accumulate<ResponsesClient>(events);
}

Accumulated read_message(json::Value message) {
    Accumulated out;
    for (const json::Value block : message["content"].elements()) {
        const std::string type = text_of(block["type"]);
        if (type == "thinking") out.segments.push_back({Segment::Kind::reasoning, text_of(block["thinking"]), ""});
        if (type == "text") out.segments.push_back({Segment::Kind::text, text_of(block["text"]), ""});
        if (type == "tool_use") out.segments.push_back({Segment::Kind::tool, block["input"].dump(), text_of(block["name"])});
        if (type == "tool_use") out.call_ids.push_back(text_of(block["id"]));
    }
    out.end = text_of(message["stop_reason"]);
    out.input_tokens = message["usage"]["input_tokens"].as_integer().value_or(-1);
    out.output_tokens = message["usage"]["output_tokens"].as_integer().value_or(-1);
    return out;
}

Accumulated read_response(json::Value response) {
    Accumulated out;
    for (const json::Value item : response["output"].elements()) {
        out.segments.push_back(segment_of(item));
        if (item["call_id"].present()) out.call_ids.push_back(text_of(item["call_id"]));
    }
    out.end = text_of(response["status"]);
    out.input_tokens = response["usage"]["input_tokens"].as_integer().value_or(-1);
    out.output_tokens = response["usage"]["output_tokens"].as_integer().value_or(-1);
    return out;
}

}  // namespace reply_test
