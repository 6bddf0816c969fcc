#include "credential/embedded.h"

#include "base/bytes.h"
#include "credential/handles.h"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

namespace {

using namespace credential;

// What one call shows, copied: its certificate is a throw-away of this build directory.
struct Seen {
    int calls = 0;
    std::uintptr_t address = 0;
    EvpPkeyPtr key;
    X509Ptr leaf;
    X509Ptr ca;
    bool locked = false;
    bool left_out_of_dumps = false;
};

// The flags the kernel keeps for the mapping that begins at `address`: "lo" is locked, "dd" left out of core dumps.
std::string kernel_flags(std::uintptr_t address) {
    std::ifstream maps("/proc/self/smaps");
    std::string line;
    bool inside = false;
    while (std::getline(maps, line)) {
        unsigned long begin = 0;
        unsigned long end = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) inside = begin <= address && address < end;
        if (inside && line.starts_with("VmFlags:")) return line + " ";
    }
    return {};
}

void look(void* context, const e2ee_embedded_credential* material) noexcept {
    auto& seen = *static_cast<Seen*>(context);
    ++seen.calls;
    seen.address = reinterpret_cast<std::uintptr_t>(material->key);
    const std::string flags = kernel_flags(seen.address);
    seen.locked = flags.find(" lo ") != std::string::npos;
    seen.left_out_of_dumps = flags.find(" dd ") != std::string::npos;
    const unsigned char* at = material->key;
    seen.key.reset(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(material->key_size)));
    at = material->chain;
    const unsigned char* const end = at + material->chain_size;
    seen.leaf.reset(d2i_X509(nullptr, &at, end - at));
    seen.ca.reset(d2i_X509(nullptr, &at, end - at));
}

TEST(embedded, the_library_reveals_a_leaf_its_key_and_the_ca_that_signed_it) {
    Seen seen;
    ASSERT_EQ(e2ee_embedded_reveal(look, &seen), 0);
    EXPECT_EQ(seen.calls, 1);
    ASSERT_TRUE(seen.key && seen.leaf && seen.ca);
    EXPECT_EQ(X509_check_private_key(seen.leaf.get(), seen.key.get()), 1);
    EXPECT_EQ(X509_verify(seen.leaf.get(), X509_get0_pubkey(seen.ca.get())), 1);
}

TEST(embedded, every_call_reveals_the_same_credential) {
    Seen one;
    Seen two;
    ASSERT_EQ(e2ee_embedded_reveal(look, &one), 0);
    ASSERT_EQ(e2ee_embedded_reveal(look, &two), 0);
    EXPECT_EQ(EVP_PKEY_eq(one.key.get(), two.key.get()), 1);
    EXPECT_EQ(X509_cmp(one.leaf.get(), two.leaf.get()), 0);
}

TEST(embedded, the_key_is_shown_in_memory_that_is_never_dumped_and_is_gone_afterwards) {
    Seen seen;
    ASSERT_EQ(e2ee_embedded_reveal(look, &seen), 0);
    EXPECT_TRUE(seen.left_out_of_dumps);
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)  // they make mlock do nothing
    EXPECT_TRUE(seen.locked);
#endif
    EXPECT_EQ(kernel_flags(seen.address), "");
}

}  // namespace
