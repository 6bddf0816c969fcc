#include "api/responses_items.h"

#include "api/reasoning_token.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <optional>
#include <utility>
#include <variant>

namespace api {
namespace {

std::string_view type_of(const Fields& item) {
    if (const auto type = item.text("type")) return *type;
    if (item.opaque("role").present()) return "message";
    item.fault_here("must have a type or a role");
    return {};
}

bool is_call(std::string_view type) {
    return type == "function_call" || type == "custom_tool_call" || type == "tool_search_call" || type == "local_shell_call";
}

bool is_output(std::string_view type) {
    return type == "function_call_output" || type == "custom_tool_call_output" || type == "tool_search_output" ||
           type == "local_shell_call_output";
}

// Tool searches that the service ran by itself have no call_id: nobody has to answer them.
bool is_hosted_search(const Fields& item, std::string_view type) {
    return (type == "tool_search_call" || type == "tool_search_output") && !item.opaque("call_id").present();
}

ToolCall call_of(const Fields& item, std::string_view type) {
    ToolCall call{.id = std::string(item.needed_name("call_id")), .name = {}, .arguments = "{}"};
    if (type == "function_call") {
        call.name = function_name(item);
        if (const auto arguments = item.text("arguments"); arguments && !arguments->empty()) call.arguments = *arguments;
    } else if (type == "custom_tool_call") {
        call.name = function_name(item);
        json::Writer writer;
        writer.begin_object().member("input", item.text("input").value_or("")).end_object();
        call.arguments = writer.take();
    } else {
        const bool search = type == "tool_search_call";
        call.name = search ? tool_search_name : "local_shell";
        if (const json::Value value = item.opaque(search ? "arguments" : "action"); value.present())
            call.arguments = value.dump();
    }
    return call;
}

void add_image(const Fields& part, Parts& parts) {
    if (const auto url = part.text("image_url")) {
        const std::string_view detail = part.text("detail").value_or("");
        parts.push_back(
            {Part::Kind::image, std::string(*url), detail == "low" || detail == "high" ? detail : std::string_view()});
    } else if (const auto file = part.text("file_id")) {
        parts.push_back(text_part(std::string("[image omitted: file ").append(*file).append("]")));
    } else {
        part.fault("image_url", "is required");
    }
}

void add_file(const Fields& part, Parts& parts) {
    std::string_view file = "unnamed";
    for (const std::string_view name : {"file_url", "file_id", "filename"}) file = part.text(name).value_or(file);
    parts.push_back(text_part(std::string("[file omitted: ").append(file).append("]")));
}

void add_part(const Fields& part, Parts& parts) {
    const std::string_view type = part.needed_name("type");
    if (type == "input_text" || type == "output_text" || type == "text") {
        parts.push_back(text_part(part.needed_text("text")));
    } else if (type == "refusal") {
        parts.push_back(text_part(part.needed_text("refusal")));
    } else if (type == "input_image") {
        add_image(part, parts);
    } else if (type == "input_file") {
        add_file(part, parts);
    } else if (type == "input_audio") {
        parts.push_back({Part::Kind::audio, part.needed_object("input_audio").dump()});
    }
}

Parts parts_of(const Fields& owner, std::string_view name) {
    Parts parts;
    if (const auto text = owner.opaque(name).as_string()) {
        parts.push_back(text_part(*text));
    } else {
        for_each_object(owner, name, [&](const Fields& part) { add_part(part, parts); });
    }
    return parts;
}

Parts message_parts(const Fields& message) {
    const json::Value content = message.opaque("content");
    if (!content.present()) message.fault("content", "is required");
    if (content.present() && !content.is(json::Kind::string) && !content.is(json::Kind::array)) {
        message.fault("content", "must be a string or a list of parts");
    }
    return parts_of(message, "content");
}

// Our own token has the text whole; another service's is of no use to the instance.
std::string reasoning_of(const Fields& item) {
    if (const auto token = item.text("encrypted_content")) {
        if (auto text = decode_reasoning(*token)) return *std::move(text);
    }
    for (const std::string_view name : {"content", "summary"}) {
        std::vector<std::string_view> texts;
        for_each_object(item, name, [&](const Fields& part) { texts.push_back(part.needed_text("text")); });
        if (std::string text = joined(texts); !text.empty()) return text;
    }
    return {};
}

ToolAnswer answer_of(const Fields& item) {
    const json::Value output = item.opaque("output");
    if (!output.present()) return {};
    if (output.is(json::Kind::string) || output.is(json::Kind::array)) return tool_answer(parts_of(item, "output"));
    const json::Value object = output.is(json::Kind::object) ? output : json::Value();
    if (!object.present()) item.fault("output", "must be a string, a list or an object");
    if (const auto text = object["output"].as_string()) return {.text = std::string(*text), .images = {}};
    return {.text = object.dump(), .images = {}};
}

// What follows each other in the conversation. Tool answers are found by their call when all items were read.
struct System {
    std::string text;
};
using Step = std::variant<System, Parts, AssistantTurn>;

class Reader {
public:
    Reader(const Fields& request, ResponsesTools& tools) : request_(request), tools_(tools) {}

    void read();
    void tell(Conversation& conversation);

private:
    void count_calls();
    void read_item(const Fields& item);
    void read_message(const Fields& item);
    void read_output(const Fields& item, std::string_view type);
    void tell_turn(AssistantTurn turn, Conversation& conversation);
    AssistantTurn& open_turn();
    void add(Step step);

    const Fields& request_;
    ResponsesTools& tools_;
    std::vector<Step> steps_;
    bool turn_is_open_ = false;
    std::set<std::string, std::less<>> open_calls_;                       // of the open turn
    std::map<std::string, std::size_t, std::less<>> unanswered_;          // calls in the whole input, by id
    std::map<std::string, std::deque<ToolAnswer>, std::less<>> answers_;  // by call id
};

void Reader::read() {
    if (const auto text = request_.opaque("input").as_string()) {
        add(Parts{text_part(*text)});
        return;
    }
    if (request_.opaque("input").present() && !request_.opaque("input").is(json::Kind::array)) {
        request_.fault("input", "must be a string or a list of items");
    }
    if (request_.list("input").size() == 0) request_.fault("input", "at least one item is required");
    count_calls();
    for_each_object(request_, "input", [&](const Fields& item) { read_item(item); });
}

// An output may stand anywhere, even before its call.
void Reader::count_calls() {
    for (const json::Value item : request_.list("input").elements()) {
        if (!is_call(item["type"].as_string().value_or(""))) continue;
        if (const auto id = item["call_id"].as_string()) ++unanswered_[std::string(*id)];
    }
}

void Reader::read_item(const Fields& item) {
    const std::string_view type = type_of(item);
    if (type == "message") {
        read_message(item);
    } else if (type == "reasoning") {
        open_turn().add_reasoning(reasoning_of(item));
    } else if (type == "item_reference") {
        std::string message = "Item with id '";
        message.append(excerpt(item.text("id").value_or("")))
            .append("' not found. Items are not persisted by this proxy; send the full item and set `store` to false.");
        item.faults().report({400, std::move(message), "input", {}});
    } else if (type == "additional_tools") {
        tools_.add(item, ResponsesTools::Repeated::is_known);
    } else if (is_call(type) && !is_hosted_search(item, type)) {
        AssistantTurn& turn = open_turn();
        turn.calls.push_back(call_of(item, type));
        open_calls_.insert(turn.calls.back().id);
    } else if (is_output(type)) {
        read_output(item, type);
    }
}

void Reader::read_message(const Fields& item) {
    const std::string_view role = item.needed_name("role");
    if (role == "user") {
        add(message_parts(item));
    } else if (role == "assistant") {
        AssistantTurn turn;
        turn.text = joined_texts(message_parts(item));
        open_turn().merge(std::move(turn));
    } else if (role == "system" || role == "developer") {
        add(System{joined_texts(message_parts(item))});
    } else {
        item.fault("role", "must be user, assistant, system or developer");
    }
}

void Reader::read_output(const Fields& item, std::string_view type) {
    ToolAnswer answer;
    if (type == "tool_search_output") {
        std::string names;
        for (const std::string& name : tools_.add(item, ResponsesTools::Repeated::is_known)) join_onto(names, ", ", name);
        answer.text = names.empty() ? "No tools found." : "Tools now available: " + names;
        if (is_hosted_search(item, type)) return;
    } else {
        answer = answer_of(item);
    }
    const std::string id(item.needed_name("call_id"));
    const auto call = unanswered_.find(id);
    if (call == unanswered_.end() || call->second == 0) {
        Parts parts = std::move(answer.images);
        parts.insert(parts.begin(), text_part("[tool output " + id + "]\n" + answer.text));
        add(std::move(parts));
        return;
    }
    --call->second;
    answers_[id].push_back(std::move(answer));
    if (open_calls_.contains(id)) turn_is_open_ = false;
}

AssistantTurn& Reader::open_turn() {
    if (!turn_is_open_) {
        steps_.emplace_back(AssistantTurn());
        open_calls_.clear();
        turn_is_open_ = true;
    }
    return std::get<AssistantTurn>(steps_.back());
}

void Reader::add(Step step) {
    turn_is_open_ = false;
    steps_.push_back(std::move(step));
}

void Reader::tell(Conversation& conversation) {
    for (Step& step : steps_) {
        if (auto* system = std::get_if<System>(&step)) {
            conversation.system(system->text);
        } else if (auto* parts = std::get_if<Parts>(&step)) {
            conversation.user(std::move(*parts));
        } else {
            tell_turn(std::get<AssistantTurn>(std::move(step)), conversation);
        }
    }
    conversation.end();
}

void Reader::tell_turn(AssistantTurn turn, Conversation& conversation) {
    if (turn.empty()) return;
    std::vector<std::string> ids;
    for (const ToolCall& call : turn.calls) ids.push_back(call.id);
    conversation.assistant(std::move(turn));
    Parts images;
    for (const std::string& id : ids) {
        const auto answers = answers_.find(id);
        if (answers == answers_.end() || answers->second.empty()) continue;
        ToolAnswer answer = std::move(answers->second.front());
        answers->second.pop_front();
        conversation.tool(id, std::move(answer.text));
        images.insert(images.end(), std::make_move_iterator(answer.images.begin()),
                      std::make_move_iterator(answer.images.end()));
    }
    if (!images.empty()) conversation.user(std::move(images));
}

}  // namespace

void read_items(const Fields& request, Conversation& conversation, ResponsesTools& tools) {
    Reader reader(request, tools);
    reader.read();
    reader.tell(conversation);
}

}  // namespace api
