// The arguments of one tool call as they come in pieces (formats page §1.3): a JSON object streams on, anything else is held
// to the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace api {

class ToolArguments {
public:
    // Leading white space does not count; what follows a complete object is dropped.
    void add(std::string_view piece);

    // What may be sent now: the pieces of an object that were added since the last take.
    [[nodiscard]] std::string take();

    // Whether a whole JSON value has come.
    [[nodiscard]] bool complete() const { return complete_; }

    // No more will come. `object`: arguments that were held and are usable after all, a JSON string that contains an object.
    // `unusable`: whatever else came.
    struct Rest {
        std::string object;
        std::string unusable;
    };
    [[nodiscard]] Rest finish();

private:
    void scan(char c);

    enum class Shape : std::uint8_t { nothing_yet, object, other };
    Shape shape_ = Shape::nothing_yet;
    std::string held_;
    std::size_t depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
    bool complete_ = false;
};

}  // namespace api
