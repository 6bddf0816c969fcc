// What the generated source (build/credential/masked.cpp, written by mask.cpp) gives to reveal.cpp. Byte i of the payload is
//
//     share_one[i] ^ share_two[position(i)] ^ share_in_code(i)
//
// share_two is random, position() is a permutation, and share_in_code() is arithmetic with random constants: all three are
// new in every build. The payload is the key and then the chain. This is a mask, not encryption: everything needed to undo
// it is here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace credential::masked {

extern const std::size_t key_size;
extern const std::size_t chain_size;

// volatile: so that no compiler may work the payload out at build time.
extern const volatile std::uint8_t share_one[];
extern const volatile std::uint8_t share_two[];

std::size_t position(std::size_t index);
std::uint8_t share_in_code(std::size_t index);

}  // namespace credential::masked
