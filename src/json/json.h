// JSON (RFC 8259): the one place that knows yyjson. Parsing is strict (UTF-8, one value, no trailing bytes) and bounded;
// numbers stay the text they were, members keep their order, and `[]` and `{}` stay apart.
#pragma once

#include "base/limits.h"
#include "base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct yyjson_doc;
struct yyjson_val;

namespace json {

enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

class Array;
class Object;

// A view of a value inside a Document, which must outlive it. A default-made Value is absent: it has no kind, and every as_*
// answers nullopt, so that look-ups can be chained.
class Value {
public:
    Value() = default;
    explicit Value(yyjson_val* value) : value_(value) {}

    [[nodiscard]] bool present() const { return value_ != nullptr; }
    [[nodiscard]] bool is_null_or_absent() const;
    [[nodiscard]] std::optional<Kind> kind() const;
    [[nodiscard]] bool is(Kind kind) const;

    [[nodiscard]] std::optional<bool> as_bool() const;
    [[nodiscard]] std::optional<std::string_view> as_string() const;
    [[nodiscard]] std::optional<std::string_view> as_number_text() const;  // the digits as written
    [[nodiscard]] std::optional<std::int64_t> as_integer() const;          // only if written as an integer that fits
    [[nodiscard]] std::optional<double> as_double() const;                 // only if it fits: 1e400 does not

    // The (first) member of that name of an object, else absent. Linear.
    [[nodiscard]] Value operator[](std::string_view name) const;

    // Nothing to iterate unless it is an array / an object.
    [[nodiscard]] Array elements() const;
    [[nodiscard]] Object members() const;
    [[nodiscard]] std::size_t size() const;  // of an array or object, else 0

    // Compact text; numbers as they were written, UTF-8 unescaped. An absent value is written as null.
    [[nodiscard]] std::string dump() const;

private:
    yyjson_val* value_ = nullptr;
};

struct Member {
    std::string_view name;
    Value value;
};

// Ranges for `for`.
class Array {
public:
    class Iterator {
    public:
        Iterator(yyjson_val* value, std::size_t left) : value_(value), left_(left) {}
        Value operator*() const { return Value(value_); }
        Iterator& operator++();
        bool operator==(const Iterator& other) const { return left_ == other.left_; }

    private:
        yyjson_val* value_;
        std::size_t left_;
    };
    explicit Array(yyjson_val* array) : array_(array) {}
    [[nodiscard]] Iterator begin() const;
    [[nodiscard]] Iterator end() const { return {nullptr, 0}; }

private:
    yyjson_val* array_;
};

class Object {
public:
    class Iterator {
    public:
        Iterator(yyjson_val* key, std::size_t left) : key_(key), left_(left) {}
        Member operator*() const;
        Iterator& operator++();
        bool operator==(const Iterator& other) const { return left_ == other.left_; }

    private:
        yyjson_val* key_;
        std::size_t left_;
    };
    explicit Object(yyjson_val* object) : object_(object) {}
    [[nodiscard]] Iterator begin() const;
    [[nodiscard]] Iterator end() const { return {nullptr, 0}; }

private:
    yyjson_val* object_;
};

// A parsed text. Owns everything its Values point to.
class Document {
public:
    [[nodiscard]] Value root() const;

private:
    friend base::Result<Document> parse(std::string_view text, std::size_t depth_max);
    struct Free {
        void operator()(yyjson_doc* doc) const;
    };
    explicit Document(yyjson_doc* doc) : doc_(doc) {}
    std::unique_ptr<yyjson_doc, Free> doc_;
};

// `bad_request` with the position for text that is not one JSON value in valid UTF-8, nests deeper than `depth_max` (a scalar
// has depth 0) or holds more than limits::json_values_max values. Never quotes the text: it may be a prompt. Linear in time,
// whatever the text; needs no stack for nesting.
[[nodiscard]] base::Result<Document> parse(std::string_view text, std::size_t depth_max = base::limits::json_depth_max);

// The three functions below work on text that was parsed successfully and is an object.

// Where the top-level members of an object stand in its text, in their order, for splicing.
struct MemberSpan {
    std::string_view name_raw;    // between the quotes, escapes as written
    std::size_t value_begin = 0;  // offsets in the text, white space around the value left out
    std::size_t value_end = 0;
};
[[nodiscard]] std::vector<MemberSpan> member_spans(std::string_view object_text);

// `object_text` with one more member at its end; everything else as it was. `raw_value` is JSON. One copy.
[[nodiscard]] std::string append_member(std::string_view object_text, std::string_view name, std::string_view raw_value);

// `object_text` with the value of each named member replaced wherever that member stands at the top level (an escaped spelling
// of the name counts), or appended if it stands nowhere. Every other byte as it was. Linear, one copy.
struct RawMember {
    std::string_view name;
    std::string_view raw_value;  // JSON
};
[[nodiscard]] std::string set_members(std::string_view object_text, std::span<const RawMember> members);

// The name of a top-level member that stands twice (after unescaping), if any.
[[nodiscard]] std::optional<std::string> duplicate_member(Value object);

// Appends a JSON string, quotes included: only what must be escaped is (RFC 8259 §7), UTF-8 (which `text` must be) stays
// as it is.
void append_string(std::string& out, std::string_view text);

// Builds JSON text in order, with commas and colons put in by itself.
class Writer {
public:
    Writer& begin_object();
    Writer& end_object();
    Writer& begin_array();
    Writer& end_array();
    Writer& key(std::string_view name);
    Writer& string(std::string_view text);
    Writer& integer(std::int64_t value);
    Writer& boolean(bool value);
    Writer& null();
    Writer& raw(std::string_view json);  // a value that is JSON already
    Writer& value(Value value);          // as dump() writes it

    // key() and a value in one.
    Writer& member(std::string_view name, std::string_view text) { return key(name).string(text); }
    Writer& member(std::string_view name, const char* text) { return key(name).string(text); }
    Writer& member_integer(std::string_view name, std::int64_t number) { return key(name).integer(number); }
    Writer& member_boolean(std::string_view name, bool flag) { return key(name).boolean(flag); }
    Writer& member_null(std::string_view name) { return key(name).null(); }
    Writer& member_raw(std::string_view name, std::string_view json) { return key(name).raw(json); }
    Writer& member_value(std::string_view name, Value value) { return key(name).value(value); }

    [[nodiscard]] const std::string& text() const { return out_; }
    [[nodiscard]] std::string take() { return std::move(out_); }

private:
    void separate();

    std::string out_;
    bool comma_ = false;
};

}  // namespace json
