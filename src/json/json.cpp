#include "json/json.h"

#include <yyjson.h>

#include <algorithm>
#include <charconv>
#include <new>
#include <utility>

namespace json {

namespace {

using base::ErrorKind;

// The position after the closing quote of a string whose first character (after the opening quote) stands at `position`; the
// end of the text if it is never closed. Jumps from quote to quote: prompts are long strings with few of them.
std::size_t after_string(std::string_view text, std::size_t position) {
    const std::size_t first = position;
    for (;;) {
        const std::size_t quote = text.find('"', position);
        if (quote == std::string_view::npos) return text.size();
        std::size_t backslashes = 0;
        while (quote - backslashes > first && text[quote - backslashes - 1] == '\\') ++backslashes;
        if (backslashes % 2 == 0) return quote + 1;
        position = quote + 1;
    }
}

constexpr bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::size_t skip_space(std::string_view text, std::size_t position) {
    while (position < text.size() && is_space(text[position])) ++position;
    return position;
}

// The position after the value that begins at `position` of parsed text.
std::size_t after_value(std::string_view text, std::size_t position) {
    std::size_t depth = 0;
    while (position < text.size()) {
        const char c = text[position];
        if (c == '"') {
            position = after_string(text, position + 1);
            if (depth == 0) return position;
            continue;
        }
        if (c == '[' || c == '{') {
            ++depth;
        } else if (c == ']' || c == '}') {
            if (depth == 0) return position;  // the end of the object around a scalar
            if (--depth == 0) return position + 1;
        } else if (depth == 0 && (c == ',' || is_space(c))) {
            return position;
        }
        ++position;
    }
    return position;
}

// What a text can cost, read off its punctuation before any parser sees it. An upper bound for text that is not JSON.
struct Shape {
    std::size_t depth = 0;
    std::size_t values = 1;
};

Shape measure(std::string_view text) {
    Shape shape;
    std::size_t depth = 0;
    std::size_t position = 0;
    while (position < text.size()) {
        switch (text[position++]) {
            case '"':
                position = after_string(text, position);
                break;
            case '[':
            case '{':
                shape.depth = std::max(shape.depth, ++depth);
                ++shape.values;
                break;
            case ']':
            case '}':
                if (depth > 0) --depth;
                break;
            case ',':
            case ':':
                ++shape.values;
                break;
            default:
                break;
        }
    }
    return shape;
}

// The name as the parser would read it.
std::string unescaped(std::string_view name_raw) {
    if (!name_raw.contains('\\')) return std::string(name_raw);
    std::string quoted = "\"";
    quoted.append(name_raw).push_back('"');
    const auto document = parse(quoted);
    return document ? std::string(document->root().as_string().value_or("")) : std::string(name_raw);
}

// Where a further member goes: right after the last value, or after the brace of an empty object.
struct AppendPoint {
    std::size_t position = 0;
    bool empty = true;
};

AppendPoint append_point(std::string_view object_text) {
    const std::size_t brace = object_text.rfind('}');
    if (brace == std::string_view::npos) return {object_text.size(), true};
    std::size_t position = brace;
    while (position > 0 && is_space(object_text[position - 1])) --position;
    return {position, position == 0 || object_text[position - 1] == '{'};
}

void write_member(std::string& out, const RawMember& member) {
    append_string(out, member.name);
    out.push_back(':');
    out.append(member.raw_value);
}

}  // namespace

bool Value::is_null_or_absent() const {
    return value_ == nullptr || yyjson_is_null(value_);
}

std::optional<Kind> Value::kind() const {
    switch (yyjson_get_type(value_)) {
        case YYJSON_TYPE_NULL:
            return Kind::null;
        case YYJSON_TYPE_BOOL:
            return Kind::boolean;
        case YYJSON_TYPE_RAW:
        case YYJSON_TYPE_NUM:
            return Kind::number;
        case YYJSON_TYPE_STR:
            return Kind::string;
        case YYJSON_TYPE_ARR:
            return Kind::array;
        case YYJSON_TYPE_OBJ:
            return Kind::object;
        default:
            return std::nullopt;
    }
}

bool Value::is(Kind kind) const {
    return this->kind() == kind;
}

std::optional<bool> Value::as_bool() const {
    if (!yyjson_is_bool(value_)) return std::nullopt;
    return unsafe_yyjson_get_bool(value_);
}

std::optional<std::string_view> Value::as_string() const {
    if (!yyjson_is_str(value_)) return std::nullopt;
    return std::string_view(unsafe_yyjson_get_str(value_), unsafe_yyjson_get_len(value_));
}

std::optional<std::string_view> Value::as_number_text() const {
    if (!yyjson_is_raw(value_)) return std::nullopt;
    return std::string_view(unsafe_yyjson_get_raw(value_), unsafe_yyjson_get_len(value_));
}

std::optional<std::int64_t> Value::as_integer() const {
    const auto text = as_number_text();
    if (!text) return std::nullopt;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
    return number;
}

std::optional<double> Value::as_double() const {
    const auto text = as_number_text();
    if (!text) return std::nullopt;
    double number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
    return number;
}

Value Value::operator[](std::string_view name) const {
    return Value(yyjson_obj_getn(value_, name.data(), name.size()));
}

Array Value::elements() const {
    return Array(yyjson_is_arr(value_) ? value_ : nullptr);
}

Object Value::members() const {
    return Object(yyjson_is_obj(value_) ? value_ : nullptr);
}

std::size_t Value::size() const {
    return yyjson_is_ctn(value_) ? unsafe_yyjson_get_len(value_) : 0;
}

std::string Value::dump() const {
    if (value_ == nullptr) return "null";
    std::size_t size = 0;
    const std::unique_ptr<char, void (*)(void*)> text(yyjson_val_write(value_, YYJSON_WRITE_NOFLAG, &size), std::free);
    if (!text) throw std::bad_alloc();
    return {text.get(), size};
}

Array::Iterator Array::begin() const {
    if (yyjson_arr_size(array_) == 0) return end();
    return {unsafe_yyjson_get_first(array_), unsafe_yyjson_get_len(array_)};
}

Array::Iterator& Array::Iterator::operator++() {
    if (--left_ > 0) value_ = unsafe_yyjson_get_next(value_);
    return *this;
}

Object::Iterator Object::begin() const {
    if (yyjson_obj_size(object_) == 0) return end();
    return {unsafe_yyjson_get_first(object_), unsafe_yyjson_get_len(object_)};
}

Member Object::Iterator::operator*() const {
    return {{unsafe_yyjson_get_str(key_), unsafe_yyjson_get_len(key_)}, Value(key_ + 1)};
}

Object::Iterator& Object::Iterator::operator++() {
    if (--left_ > 0) key_ = unsafe_yyjson_get_next(key_ + 1);
    return *this;
}

void Document::Free::operator()(yyjson_doc* doc) const {
    yyjson_doc_free(doc);
}

Value Document::root() const {
    return Value(yyjson_doc_get_root(doc_.get()));
}

base::Result<Document> parse(std::string_view text, std::size_t depth_max) {
    const Shape shape = measure(text);
    if (shape.depth > depth_max) {
        return base::fail(ErrorKind::bad_request,
                          "the JSON text is nested deeper than " + std::to_string(depth_max) + " levels");
    }
    if (shape.values > base::limits::json_values_max) {
        return base::fail(ErrorKind::bad_request,
                          "the JSON text holds more than " + std::to_string(base::limits::json_values_max) + " values");
    }
    yyjson_read_err error{};
    // Without YYJSON_READ_INSITU the text is only read.
    yyjson_doc* doc = yyjson_read_opts(const_cast<char*>(text.data()), text.size(), YYJSON_READ_NUMBER_AS_RAW, nullptr, &error);
    if (doc == nullptr) {
        if (error.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) throw std::bad_alloc();
        if (text.empty()) return base::fail(ErrorKind::bad_request, "the JSON text is empty");
        return base::fail(ErrorKind::bad_request,
                          "the JSON text is not valid at byte " + std::to_string(error.pos) + ": " + error.msg);
    }
    return Document(doc);
}

std::vector<MemberSpan> member_spans(std::string_view object_text) {
    std::vector<MemberSpan> spans;
    std::size_t position = skip_space(object_text, 0);
    if (position == object_text.size() || object_text[position] != '{') return spans;
    ++position;
    for (;;) {
        const std::size_t quote = skip_space(object_text, position);
        if (quote >= object_text.size() || object_text[quote] != '"') return spans;
        const std::size_t name_end = after_string(object_text, quote + 1);
        const std::size_t colon = skip_space(object_text, name_end);
        const std::size_t value_begin = skip_space(object_text, colon + 1);
        const std::size_t value_end = after_value(object_text, value_begin);
        spans.push_back({object_text.substr(quote + 1, name_end - quote - 2), value_begin, value_end});
        const std::size_t next = skip_space(object_text, value_end);
        if (next >= object_text.size() || object_text[next] != ',') return spans;
        position = next + 1;
    }
}

std::string append_member(std::string_view object_text, std::string_view name, std::string_view raw_value) {
    const auto [position, empty] = append_point(object_text);
    std::string out;
    out.reserve(object_text.size() + name.size() + raw_value.size() + 8);
    out.append(object_text.substr(0, position));
    if (!empty) out.push_back(',');
    write_member(out, {name, raw_value});
    out.append(object_text.substr(position));
    return out;
}

std::string set_members(std::string_view object_text, std::span<const RawMember> members) {
    std::string out;
    std::size_t size = object_text.size();
    for (const RawMember& member : members) size += member.name.size() + member.raw_value.size() + 8;
    out.reserve(size);

    std::vector<bool> found(members.size(), false);
    std::size_t copied = 0;
    for (const MemberSpan& span : member_spans(object_text)) {
        const std::string name = unescaped(span.name_raw);
        const auto match =
            std::find_if(members.begin(), members.end(), [&](const RawMember& member) { return member.name == name; });
        if (match == members.end()) continue;
        found[static_cast<std::size_t>(match - members.begin())] = true;
        out.append(object_text.substr(copied, span.value_begin - copied));
        out.append(match->raw_value);
        copied = span.value_end;
    }
    auto [position, empty] = append_point(object_text);
    out.append(object_text.substr(copied, position - copied));
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (found[i]) continue;
        if (!std::exchange(empty, false)) out.push_back(',');
        write_member(out, members[i]);
    }
    out.append(object_text.substr(position));
    return out;
}

std::optional<std::string> duplicate_member(Value object) {
    std::vector<std::string_view> names;
    names.reserve(object.size());
    for (const Member member : object.members()) names.push_back(member.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice == names.end()) return std::nullopt;
    return std::string(*twice);
}

}  // namespace json
