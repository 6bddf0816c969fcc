#include "api/messages_request.h"

#include "api/chat_body.h"
#include "api/conversation.h"
#include "api/conversation_hints.h"
#include "api/tool_list.h"

#include <algorithm>
#include <set>
#include <utility>

namespace api {
namespace {

std::string bracketed(std::string_view what, std::string_view which) {
    return std::string("[").append(what).append(which).append("]");
}

// Calls `visit(Fields block)` for each block of `owner`'s member; a string counts as one text, given to `text`.
template <class Text, class Visit>
void for_each_block(const Fields& owner, std::string_view name, Text text, Visit visit) {
    const json::Value content = owner.opaque(name);
    if (!content.present()) return;
    if (const auto whole = content.as_string()) {
        text(*whole);
    } else if (content.is(json::Kind::array)) {
        for_each_object(owner, name, visit);
    } else {
        owner.fault(name, "must be a string or a list of blocks");
    }
}

std::string_view type_of(const Fields& block) {
    return block.needed_name("type");
}

bool is_reminder(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    const std::size_t first = text.find_first_not_of(space);
    if (first == std::string_view::npos) return false;
    text = text.substr(first, text.find_last_not_of(space) + 1 - first);
    return text.starts_with("<system-reminder>") && text.ends_with("</system-reminder>");
}

// The text of `system` or of a system message, without Claude Code's billing header: a block of its own, or the first line.
std::string system_text(const Fields& owner, std::string_view name) {
    std::vector<std::string_view> texts;
    const auto add_string = [&](std::string_view text) {
        if (is_billing_header(text)) text.remove_prefix(std::min(text.size(), text.find('\n')) + (text.contains('\n') ? 1 : 0));
        texts.push_back(text);
    };
    for_each_block(owner, name, add_string, [&](const Fields& block) {
        if (type_of(block) != "text") return;
        const std::string_view text = block.needed_text("text");
        if (!is_billing_header(text)) texts.push_back(text);
    });
    return joined(texts);
}

class Mapper {
public:
    explicit Mapper(const Fields& request) : request_(request) {}

    void read_conversation();
    void read_tools();
    [[nodiscard]] Translation write();
    [[nodiscard]] Weight weight() const;

private:
    void read_user(const Fields& turn);
    void read_assistant(const Fields& turn);
    void read_tool_result(const Fields& block, Parts& images);
    void add_parts(const Fields& block, Parts& parts);
    void add_image(const Fields& block, Parts& parts);
    void add_document(const Fields& block, Parts& parts);
    [[nodiscard]] ToolSettings tool_settings() const;
    [[nodiscard]] std::optional<bool> thinking() const;
    void write_sampling(json::Writer& writer, std::vector<std::string>& stop_sequences) const;
    void write_output(json::Writer& writer, bool effort_counts) const;

    const Fields& request_;
    Conversation conversation_;
    ToolList tools_;
    std::set<std::string_view> loaded_;  // deferred tools that a tool_reference names or that were used
};

void Mapper::read_conversation() {
    conversation_.system(system_text(request_, "system"));
    if (request_.list("messages").size() == 0) request_.fault("messages", "at least one message is required");
    for_each_object(request_, "messages", [&](const Fields& turn) {
        const std::string_view role = turn.needed_name("role");
        if (!turn.opaque("content").present()) turn.fault("content", "is required");
        if (role == "user") {
            read_user(turn);
        } else if (role == "assistant") {
            read_assistant(turn);
        } else if (role == "system") {
            conversation_.system(system_text(turn, "content"));
        } else {
            turn.fault("role", "must be user, assistant or system");
        }
    });
    conversation_.end();
}

// Tool results first, as tool messages; then one user message with their images and everything else.
void Mapper::read_user(const Fields& turn) {
    Parts images;
    Parts others;
    bool has_results = false;
    bool only_reminders = true;
    const auto add_string = [&](std::string_view text) { others.push_back(text_part(text)); };
    for_each_block(turn, "content", add_string, [&](const Fields& block) {
        if (type_of(block) == "tool_result") {
            has_results = true;
            read_tool_result(block, images);
            return;
        }
        if (type_of(block) != "text" || !is_reminder(block.needed_text("text"))) only_reminders = false;
        add_parts(block, others);
    });
    if (has_results && images.empty() && only_reminders && !others.empty()) {
        std::vector<std::string_view> texts;
        for (const Part& part : others) texts.emplace_back(part.body);
        conversation_.remind(joined(texts));
    } else if (!has_results || !images.empty() || !others.empty()) {
        images.insert(images.end(), std::make_move_iterator(others.begin()), std::make_move_iterator(others.end()));
        conversation_.user(std::move(images));
    }
}

void Mapper::read_tool_result(const Fields& block, Parts& images) {
    const std::string_view id = block.needed_name("tool_use_id");
    Parts parts;
    const auto add_string = [&](std::string_view text) { parts.push_back(text_part(text)); };
    for_each_block(block, "content", add_string, [&](const Fields& inner) { add_parts(inner, parts); });
    ToolAnswer answer = tool_answer(std::move(parts));
    if (block.flag("is_error").value_or(false)) answer.text = answer.text.empty() ? "Error" : "Error: " + answer.text;
    conversation_.tool(id, std::move(answer.text));
    images.insert(images.end(), std::make_move_iterator(answer.images.begin()), std::make_move_iterator(answer.images.end()));
}

void Mapper::read_assistant(const Fields& turn) {
    AssistantTurn mapped;
    for_each_block(
        turn, "content", [&](std::string_view text) { mapped.text += text; },
        [&](const Fields& block) {
            const std::string_view type = type_of(block);
            if (type == "text") {
                mapped.text += block.needed_text("text");
            } else if (type == "thinking") {
                mapped.add_reasoning(block.text("thinking").value_or(""));
            } else if (type == "tool_use") {
                const std::string_view name = block.needed_name("name");
                const json::Value input = block.opaque("input");
                loaded_.insert(name);
                mapped.calls.push_back({.id = std::string(block.needed_name("id")),
                                        .name = std::string(name),
                                        .arguments = input.present() ? input.dump() : "{}"});
            }
        });
    conversation_.assistant(std::move(mapped));
}

// What a block stands for in a user message or a tool's answer; nothing if it is dropped.
void Mapper::add_parts(const Fields& block, Parts& parts) {
    const std::string_view type = type_of(block);
    if (type == "text") {
        parts.push_back(text_part(block.needed_text("text")));
    } else if (type == "image") {
        add_image(block, parts);
    } else if (type == "document") {
        add_document(block, parts);
    } else if (type == "search_result") {
        std::vector<std::string_view> lines;
        for (const std::string_view name : {"title", "source"}) {
            if (const auto line = block.text(name)) lines.push_back(*line);
        }
        const auto add_line = [&](std::string_view text) { lines.push_back(text); };
        for_each_block(block, "content", add_line, [&](const Fields& inner) { lines.push_back(inner.needed_text("text")); });
        parts.push_back(text_part(joined(lines)));
    } else if (type == "tool_reference") {
        const std::string_view name = block.needed_name("tool_name");
        loaded_.insert(name);
        parts.push_back(text_part(std::string("Tool ").append(name).append(" is now available.")));
    }
}

void Mapper::add_image(const Fields& block, Parts& parts) {
    const Fields source = block.in("source");
    const std::string_view type = source.needed_name("type");
    if (type == "base64") {
        std::string url = "data:";
        url.append(source.needed_name("media_type")).append(";base64,").append(source.needed_text("data"));
        parts.push_back({Part::Kind::image, std::move(url)});
    } else if (type == "url") {
        parts.push_back({Part::Kind::image, std::string(source.needed_name("url"))});
    } else if (type == "file") {
        parts.push_back(text_part(bracketed("image omitted: file ", source.needed_name("file_id"))));
    } else {
        source.fault("type", "must be base64, url or file");
    }
}

void Mapper::add_document(const Fields& block, Parts& parts) {
    const Fields source = block.in("source");
    const std::string_view type = source.needed_name("type");
    if (type == "text") {
        std::vector<std::string_view> lines;
        if (const auto title = block.text("title")) lines.push_back(*title);
        lines.push_back(source.needed_text("data"));
        parts.push_back(text_part(joined(lines)));
    } else if (type == "content") {
        const auto add_string = [&](std::string_view text) { parts.push_back(text_part(text)); };
        for_each_block(source, "content", add_string, [&](const Fields& inner) { add_parts(inner, parts); });
    } else if (type == "url") {
        parts.push_back(text_part(bracketed("document: ", source.needed_name("url"))));
    } else if (type == "base64") {
        parts.push_back(text_part(bracketed("document omitted: ", source.needed_name("media_type"))));
    } else if (type == "file") {
        parts.push_back(text_part(bracketed("document omitted: file ", source.needed_name("file_id"))));
    } else {
        source.fault("type", "must be text, content, url, base64 or file");
    }
}

// After the conversation: whether a deferred tool counts depends on it.
void Mapper::read_tools() {
    for_each_object(request_, "tools", [&](const Fields& tool) {
        if (tool.text("type").value_or("custom") != "custom") return;
        const std::string_view name = tool.needed_name("name");
        if (tool.flag("defer_loading").value_or(false) && !loaded_.contains(name)) return;
        FunctionTool function{.name = std::string(name), .parameters = parameters_or_none(tool.object("input_schema"))};
        if (const auto description = tool.text("description")) function.description = *description;
        if (tool.flag("strict").value_or(false)) function.strict = true;
        if (!tools_.add(std::move(function))) tool.fault("name", "another tool has the same name");
    });
}

ToolSettings Mapper::tool_settings() const {
    const Fields choice = request_.in("tool_choice");
    ToolSettings settings;
    if (!choice.present()) return settings;
    const std::string_view type = choice.needed_name("type");
    if (type == "auto") {
        settings.choice.kind = ToolChoice::Kind::automatic;
    } else if (type == "any") {
        settings.choice.kind = ToolChoice::Kind::required;
    } else if (type == "none") {
        settings.choice.kind = ToolChoice::Kind::none;
    } else if (type == "tool") {
        settings.choice = {.kind = ToolChoice::Kind::named, .name = std::string(choice.needed_name("name"))};
    } else {
        choice.fault("type", "must be auto, any, tool or none");
    }
    if (choice.flag("disable_parallel_tool_use").value_or(false)) settings.parallel = false;
    return settings;
}

std::optional<bool> Mapper::thinking() const {
    const Fields thinking = request_.in("thinking");
    if (!thinking.present()) return std::nullopt;
    const std::string_view type = thinking.needed_name("type");
    if (type == "enabled" || type == "adaptive") return true;
    if (type != "disabled") thinking.fault("type", "must be enabled, adaptive or disabled");
    return false;
}

void Mapper::write_sampling(json::Writer& writer, std::vector<std::string>& stop_sequences) const {
    if (const json::Value limit = request_.integer("max_tokens"); limit.present()) writer.member_value("max_tokens", limit);
    for (const std::string_view name : {"temperature", "top_p"}) copy_number(writer, request_, name);
    if (const json::Value top_k = request_.integer("top_k"); top_k.present()) writer.member_value("top_k", top_k);
    for (const std::string_view text : texts_in(request_, "stop_sequences")) stop_sequences.emplace_back(text);
    if (!stop_sequences.empty()) writer.member_value("stop", request_.list("stop_sequences"));
    if (request_.flag("stream").value_or(false)) write_stream(writer);
}

void Mapper::write_output(json::Writer& writer, bool effort_counts) const {
    const Fields config = request_.in("output_config");
    const auto effort = effort_in(config, "effort");
    if (effort && effort_counts) writer.member("reasoning_effort", *effort);
    Fields format = config.in("format");
    if (!format.present()) format = request_.in("output_format");
    if (!format.present()) return;
    if (format.needed_name("type") != "json_schema") format.fault("type", "must be json_schema");
    write_response_format(writer, {.name = "response", .schema = format.needed_object("schema"), .strict = true});
}

Translation Mapper::write() {
    Translation translation;
    translation.thinking = thinking();
    json::Writer writer;
    writer.begin_object();
    conversation_.write(writer.key("messages"));
    write_sampling(writer, translation.context.stop_sequences);
    write_tools(writer, tools_, tool_settings(), request_.faults());
    write_output(writer, translation.thinking.value_or(true));
    if (conversation_.ends_with_prefill()) {
        writer.member_boolean("continue_final_message", true).member_boolean("add_generation_prompt", false);
    }
    writer.end_object();
    translation.members = writer.take();
    return translation;
}

Weight Mapper::weight() const {
    Weight weight = conversation_.weight();
    weight.text_bytes += tools_.text_bytes();
    return weight;
}

}  // namespace

Translation translate_messages(const Fields& request) {
    Mapper mapper(request);
    mapper.read_conversation();
    mapper.read_tools();
    return mapper.write();
}

std::int64_t estimate_tokens(const Fields& request) {
    constexpr std::size_t bytes_per_token = 4;
    constexpr std::size_t tokens_per_image = 1600;
    Mapper mapper(request);
    mapper.read_conversation();
    mapper.read_tools();
    const Weight weight = mapper.weight();
    const std::size_t tokens = (weight.text_bytes + bytes_per_token - 1) / bytes_per_token + tokens_per_image * weight.images;
    return static_cast<std::int64_t>(std::max<std::size_t>(tokens, 1));
}

}  // namespace api
