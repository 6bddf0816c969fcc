// Reading a client's JSON object member by member: null counts as absent, a member of another type is a fault that names its
// path. The first fault is kept and mapping goes on with a harmless value, so that mappers read straight down; whoever started
// the mapping asks for the fault at the end.
#pragma once

#include "api/failure.h"
#include "json/json.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace api {

// The first thing found wrong with a request. Always a 400.
class Faults {
public:
    // "PATH: WHAT", with the path as the OpenAI `param`.
    void report(std::string_view path, std::string_view what);
    void report(Failure failure);

    [[nodiscard]] const std::optional<Failure>& first() const { return first_; }

private:
    std::optional<Failure> first_;
};

// A client's text as it may stand in a message to that client: cut, between characters, if it is long.
[[nodiscard]] std::string excerpt(std::string_view text);

class Fields {
public:
    // `value` is an object, absent, or a fault at `path` (empty for the request itself).
    Fields(json::Value value, std::string path, Faults& faults);

    [[nodiscard]] bool present() const { return object_.present(); }
    [[nodiscard]] json::Value value() const { return object_; }
    [[nodiscard]] const std::string& path() const { return path_; }

    // Absent members are absent values, empty optionals.
    [[nodiscard]] json::Value opaque(std::string_view name) const;  // of any type
    [[nodiscard]] json::Value number(std::string_view name) const;  // as it was written
    [[nodiscard]] json::Value integer(std::string_view name) const;
    [[nodiscard]] json::Value list(std::string_view name) const;
    [[nodiscard]] json::Value object(std::string_view name) const;
    [[nodiscard]] std::optional<bool> flag(std::string_view name) const;
    [[nodiscard]] std::optional<std::string_view> text(std::string_view name) const;
    [[nodiscard]] Fields in(std::string_view name) const;  // the object of that name

    // A fault unless it is there; empty then.
    [[nodiscard]] std::string_view needed_text(std::string_view name) const;
    [[nodiscard]] std::string_view needed_name(std::string_view name) const;  // and not the empty string
    [[nodiscard]] json::Value needed_object(std::string_view name) const;

    // "PATH.NAME: WHAT"
    void fault(std::string_view name, std::string_view what) const;
    // "PATH: WHAT"
    void fault_here(std::string_view what) const;

    // "PATH.NAME", and "PATH.NAME.INDEX" of a list's element.
    [[nodiscard]] std::string path_of(std::string_view name) const;
    [[nodiscard]] std::string path_of(std::string_view name, std::size_t index) const;

    [[nodiscard]] Faults& faults() const { return *faults_; }

private:
    [[nodiscard]] json::Value typed(std::string_view name, json::Kind kind) const;

    json::Value object_;
    std::string path_;
    Faults* faults_;
};

// Calls `visit(Fields element)` for each object of `owner`'s list of that name; an element that is none is a fault.
template <class Visit>
void for_each_object(const Fields& owner, std::string_view name, Visit visit) {
    std::size_t index = 0;
    for (const json::Value element : owner.list(name).elements()) {
        const Fields fields(element, owner.path_of(name, index++), owner.faults());
        if (element.is(json::Kind::object)) {
            visit(fields);
        } else {
            fields.fault_here("must be an object");
        }
    }
}

}  // namespace api
