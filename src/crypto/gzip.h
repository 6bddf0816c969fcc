// gzip (RFC 1952) over libdeflate: whole buffers, bounded output.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace crypto {

// Level 1: prompts are compressed for the protocol's sake, not to save bandwidth.
[[nodiscard]] base::Bytes gzip(base::ByteView plain);

// The plain bytes of exactly one gzip member that fills `packed`. More than `size_max` bytes, a bad checksum, a truncated or
// trailing byte: `reply_rejected`, after at most `size_max` bytes of memory.
[[nodiscard]] base::Result<base::Bytes> gunzip(base::ByteView packed, std::size_t size_max);

}  // namespace crypto
