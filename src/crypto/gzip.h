// gzip (RFC 1952) over libdeflate: whole buffers, bounded output.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <string>

namespace crypto {

// Level 1: prompts are compressed because the protocol wants it, not to save bandwidth.
[[nodiscard]] base::Bytes gzip(base::ByteView plain);

// The plain bytes of exactly one gzip member that fills `packed`. More than `size_max` bytes, a bad checksum, a truncated or
// a trailing byte: `reply_rejected`. Never takes more than `size_max` bytes of memory, nor more than `packed` can stand for.
[[nodiscard]] base::Result<std::string> gunzip(base::ByteView packed, std::size_t size_max);

}  // namespace crypto
