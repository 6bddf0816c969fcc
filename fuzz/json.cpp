// JSON from anywhere: what is read is written the same, and splicing changes what it should and nothing else.
//   a member's name · 0xff · the text
#include "json/json.h"

#include "support.h"

namespace {

using fuzz::require;

std::string quoted(std::string_view text) {
    std::string out;
    json::append_string(out, text);
    return out;
}

void check_object(std::string_view text, json::Value root, std::string_view name) {
    const auto spans = json::member_spans(text);
    require(spans.size() == root.size(), "each member has its place");
    auto member = root.members().begin();
    for (const json::MemberSpan& span : spans) {
        const auto value = json::parse(text.substr(span.value_begin, span.value_end - span.value_begin));
        require(value.has_value() && value->root().dump() == (*member).value.dump(), "a member's place holds its value");
        const auto spelt = json::parse("\"" + std::string(span.name_raw) + "\"");
        require(spelt.has_value() && spelt->root().as_string() == (*member).name, "a member's place has its name");
        ++member;
    }
    if (!json::parse(quoted(name))) return;
    const std::string appended = json::append_member(text, name, "[7]");
    const auto longer = json::parse(appended);
    require(longer.has_value() && longer->root().size() == root.size() + 1, "an appended member is one more");
    const json::RawMember member_set[] = {{name, "[7]"}};
    const std::string set = json::set_members(text, member_set);
    const auto changed = json::parse(set);
    require(changed.has_value(), "what was spliced is JSON");
    require(changed->root()[name].dump() == "[7]", "a member that was set has its value");
    require(changed->root().size() == root.size() + (root[name].present() ? 0 : 1), "set members replace those of their name");
    require(json::set_members(set, member_set) == set, "setting twice is setting once");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const std::string_view name = input.part();
    const std::string_view text = input.rest();
    const auto document = json::parse(text);
    if (!document) {
        require(document.error().kind == base::ErrorKind::bad_request, "text that is not JSON is a bad request");
        return 0;
    }
    const json::Value root = document->root();
    const std::string dumped = root.dump();
    require(dumped.size() <= 6 * text.size(), "what is written is compact");
    const auto again = json::parse(dumped);
    require(again.has_value() && again->root().dump() == dumped, "what was written is read the same");
    if (const auto string = root.as_string()) {
        const auto written = json::parse(quoted(*string));
        require(written.has_value() && written->root().as_string() == *string, "strings survive");
    }
    if (root.is(json::Kind::object)) check_object(text, root, name);
    return 0;
}
