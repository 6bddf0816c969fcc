#include "api/fields.h"

#include <array>
#include <utility>

namespace api {
namespace {

std::string_view name_of(json::Kind kind) {
    constexpr std::array<std::string_view, 6> names = {"null", "a boolean", "a number", "a string", "a list", "an object"};
    return names[static_cast<std::size_t>(kind)];
}

}  // namespace

std::string excerpt(std::string_view text) {
    constexpr std::size_t length_max = 100;
    if (text.size() <= length_max) return std::string(text);
    std::size_t end = length_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // inside a character of UTF-8
    return std::string(text.substr(0, end)) + "…";
}

void Faults::report(std::string_view path, std::string_view what) {
    if (first_) return;
    std::string message(path);
    if (!path.empty()) message += ": ";
    message += what;
    first_ = Failure{400, std::move(message), std::string(path), {}};
}

void Faults::report(Failure failure) {
    if (!first_) first_ = std::move(failure);
}

Fields::Fields(json::Value value, std::string path, Faults& faults) : path_(std::move(path)), faults_(&faults) {
    if (value.is_null_or_absent()) return;
    if (value.is(json::Kind::object)) {
        object_ = value;
    } else {
        fault_here("must be an object");
    }
}

json::Value Fields::opaque(std::string_view name) const {
    const json::Value value = object_[name];
    return value.is_null_or_absent() ? json::Value() : value;
}

json::Value Fields::typed(std::string_view name, json::Kind kind) const {
    const json::Value value = opaque(name);
    if (!value.present() || value.is(kind)) return value;
    fault(name, std::string("must be ").append(name_of(kind)));
    return {};
}

json::Value Fields::number(std::string_view name) const {
    return typed(name, json::Kind::number);
}
json::Value Fields::list(std::string_view name) const {
    return typed(name, json::Kind::array);
}
json::Value Fields::object(std::string_view name) const {
    return typed(name, json::Kind::object);
}
std::optional<bool> Fields::flag(std::string_view name) const {
    return typed(name, json::Kind::boolean).as_bool();
}
std::optional<std::string_view> Fields::text(std::string_view name) const {
    return typed(name, json::Kind::string).as_string();
}
Fields Fields::in(std::string_view name) const {
    return {opaque(name), path_of(name), *faults_};
}

json::Value Fields::integer(std::string_view name) const {
    const json::Value value = opaque(name);
    if (!value.present() || value.as_integer()) return value;
    fault(name, "must be an integer");
    return {};
}

std::string_view Fields::needed_text(std::string_view name) const {
    const auto text = this->text(name);
    if (!text) fault(name, "is required");
    return text.value_or("");
}

std::string_view Fields::needed_name(std::string_view name) const {
    const std::string_view text = needed_text(name);
    if (text.empty()) fault(name, "must not be empty");
    return text;
}

json::Value Fields::needed_object(std::string_view name) const {
    const json::Value value = object(name);
    if (!value.present()) fault(name, "is required");
    return value;
}

void Fields::fault(std::string_view name, std::string_view what) const {
    if (!faults_->first()) faults_->report(path_of(name), what);
}

void Fields::fault_here(std::string_view what) const {
    faults_->report(path_, what);
}

std::string Fields::path_of(std::string_view name) const {
    std::string path = path_;
    if (!path.empty()) path += '.';
    return path.append(name);
}

std::string Fields::path_of(std::string_view name, std::size_t index) const {
    return path_of(name).append(".").append(std::to_string(index));
}

}  // namespace api
