/* The whole interface of libe2ee_proxy.so, in C. The library holds one certificate chain and its key in a masked form
 * (docs/embedded-certificate.md). */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct e2ee_embedded_credential {
    const unsigned char* key; /* the private key, DER, PKCS#8 */
    size_t key_size;
    const unsigned char* chain; /* certificates, DER, one after the other: the leaf first, the CA last if it is its own */
    size_t chain_size;
};

typedef void (*e2ee_embedded_use)(void* context, const struct e2ee_embedded_credential* credential);

/* Unmasks the credential into locked memory that core dumps leave out, calls `use` with it once, wipes it, returns 0. The
 * pointers are dead when `use` returns; `use` must return (no exception, no longjmp). Without locked memory `use` is not
 * called and an errno value is returned. Any thread may call it. */
__attribute__((visibility("default"))) int e2ee_embedded_reveal(e2ee_embedded_use use, void* context);

#ifdef __cplusplus
}
#endif
