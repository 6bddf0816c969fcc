// What the files of this folder share in talking to OpenSSL. Not for other folders.
#pragma once

#include "base/result.h"

#include <openssl/err.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace crypto {

// Calls OpenSSL's own free function for an object.
template <auto free_function>
struct OpenSslFree {
    template <class T>
    void operator()(T* object) const {
        free_function(object);
    }
};

// What OpenSSL has under an algorithm's name; nothing means that it was built without it.
template <class T>
[[nodiscard]] T* fetched(T* algorithm) {
    if (algorithm == nullptr)
        throw std::runtime_error("this OpenSSL lacks an algorithm that the protocol needs (ML-KEM needs 3.5)");
    return algorithm;
}

// A failure that leaves nothing in OpenSSL's per-thread error queue, where the next TLS call would take it for its own.
[[nodiscard]] inline std::unexpected<base::Error> openssl_fail(base::ErrorKind kind, std::string detail) {
    ERR_clear_error();
    return base::fail(kind, std::move(detail));
}

}  // namespace crypto
