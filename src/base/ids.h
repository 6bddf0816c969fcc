// Names that must not be mixed up are types of their own. All of them came from outside and were checked at the border
// (discovery/) to hold only characters that are safe in a header.
#pragma once

#include "base/secret.h"

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace base {

template <class Tag>
class Id {
public:
    Id() = default;
    explicit Id(std::string text) : text_(std::move(text)) {}

    [[nodiscard]] const std::string& text() const { return text_; }
    friend auto operator<=>(const Id&, const Id&) = default;

private:
    std::string text_;
};

using ChuteId = Id<struct ChuteTag>;        // a model's deployment
using InstanceId = Id<struct InstanceTag>;  // one GPU process of it
using ModelName = Id<struct ModelTag>;      // the exact served name

// The caller's credential for the relay, without "Bearer ".
class ApiKey : public SecretText {
public:
    using SecretText::SecretText;
    ApiKey() = default;
    [[nodiscard]] ApiKey clone() const { return ApiKey(reveal()); }
};

// The relay's single-use ticket for one invocation of one instance (protocol page, "Discovery and nonces").
class InvocationNonce : public SecretText {
public:
    using SecretText::SecretText;
};

}  // namespace base

template <class Tag>
struct std::hash<base::Id<Tag>> {
    std::size_t operator()(const base::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.text()); }
};
