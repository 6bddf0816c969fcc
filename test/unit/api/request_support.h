// What the tests of the request half share: sending a request through the mapper, and the comparison of test/vectors/formats.
#pragma once

#include "api/request.h"
#include "json/json.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace request_test {

// JSON text in one canonical form: members sorted (but not inside a function's `parameters`, where order counts), numbers as
// written, a top-level `stream: false` left out.
[[nodiscard]] std::string canonical(std::string_view json);

// The body that the instance of model "m" gets, in canonical form; the refusal's message if there is one.
[[nodiscard]] std::string sent(api::Dialect dialect, std::string_view request);

// Of that body, the member of that name as compact JSON; "" if it has none, the refusal's message if there is one.
[[nodiscard]] std::string sent_member(api::Dialect dialect, std::string_view request, std::string_view name);

// Expects each body to be refused with 400 and this message.
struct Refusal {
    std::string body;
    const char* message;
};
void expect_refusals(api::Dialect dialect, std::initializer_list<Refusal> refusals);

// All lines of a file of test/vectors/formats.
[[nodiscard]] std::vector<json::Document> worked_cases(std::string_view file);

}  // namespace request_test
