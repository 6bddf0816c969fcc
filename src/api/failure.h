// Why a request has no answer, as its client will be told: the one error type of api/, for requests we refuse, for errors the
// relay or the model server answered, and for streams that break. error_reply.h writes it in each dialect's words.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace api {

struct Failure {
    unsigned status = 500;  // of HTTP; within a stream it decides the error's type
    std::string message;    // for people; never a key, nonce, prompt or answer
    std::string param;      // the request's member at fault, OpenAI dialects only; empty: none
    std::string code;       // OpenAI's code; empty: the one the status stands for, if any

    friend bool operator==(const Failure&, const Failure&) = default;
};

template <class T>
using Outcome = std::expected<T, Failure>;

[[nodiscard]] inline std::unexpected<Failure> refuse(unsigned status, std::string message) {
    return std::unexpected(Failure{status, std::move(message), {}, {}});
}

}  // namespace api
