// Owners of OpenSSL's certificates and keys.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace credential {

struct FreeX509 {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
struct FreeX509Stack {
    void operator()(STACK_OF(X509) * certificates) const noexcept { sk_X509_pop_free(certificates, X509_free); }
};
struct FreeEvpPkey {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeBio {
    void operator()(BIO* bio) const noexcept { BIO_free_all(bio); }
};
using X509Ptr = std::unique_ptr<X509, FreeX509>;
using X509StackPtr = std::unique_ptr<STACK_OF(X509), FreeX509Stack>;
using EvpPkeyPtr = std::unique_ptr<EVP_PKEY, FreeEvpPkey>;
using BioPtr = std::unique_ptr<BIO, FreeBio>;

}  // namespace credential
