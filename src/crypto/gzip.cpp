#include "crypto/gzip.h"

#include <libdeflate.h>

#include <memory>
#include <new>

namespace crypto {
namespace {

constexpr int level = 1;

// A member is a header of at least 10 bytes, deflate data, and a trailer: CRC-32, then the plain size modulo 2^32 (§2.3.1).
constexpr std::size_t member_size_min = 18;

// Deflate cannot say more than 258 bytes in fewer than 2 bits (RFC 1951 §3.2.5), so that a claim of more is a lie.
constexpr std::size_t ratio_max = 258 * 8 / 2;

template <auto free_function>
struct Free {
    template <class T>
    void operator()(T* object) const {
        free_function(object);
    }
};

// The compressor's tables are large and need no clearing between calls: each thread keeps its own.
libdeflate_compressor* compressor() {
    thread_local const std::unique_ptr<libdeflate_compressor, Free<libdeflate_free_compressor>> made(
        libdeflate_alloc_compressor(level));
    if (!made) throw std::bad_alloc();
    return made.get();
}

libdeflate_decompressor* decompressor() {
    thread_local const std::unique_ptr<libdeflate_decompressor, Free<libdeflate_free_decompressor>> made(
        libdeflate_alloc_decompressor());
    if (!made) throw std::bad_alloc();
    return made.get();
}

// The plain size as the trailer claims it. `packed` holds at least member_size_min bytes.
std::size_t claimed_size(base::ByteView packed) {
    std::size_t size = 0;
    for (const std::uint8_t byte : packed.last(4)) size = size >> 8 | std::size_t{byte} << 24;
    return size;
}

std::unexpected<base::Error> rejected(const char* what) {
    return base::fail(base::ErrorKind::reply_rejected, std::string("could not unpack a reply: ") + what);
}

}  // namespace

base::Bytes gzip(base::ByteView plain) {
    base::Bytes packed(libdeflate_gzip_compress_bound(compressor(), plain.size()));
    const std::size_t size = libdeflate_gzip_compress(compressor(), plain.data(), plain.size(), packed.data(), packed.size());
    if (size == 0) throw std::bad_alloc();  // it promises not to happen within its own bound
    packed.resize(size);
    return packed;
}

base::Result<std::string> gunzip(base::ByteView packed, std::size_t size_max) {
    if (packed.size() < member_size_min) return rejected("it is too short for gzip");
    const std::size_t size = claimed_size(packed);
    if (size > size_max) return rejected("it is larger than the limit");
    if (size / ratio_max > packed.size()) return rejected("its size is not what it claims");

    std::size_t consumed = 0;
    std::size_t written = 0;
    libdeflate_result result = LIBDEFLATE_BAD_DATA;
    std::string plain;
    // The size that libstdc++ 12 hands back may be larger than the one asked for (it is what it allocated): ours counts.
    plain.resize_and_overwrite(size, [&](char* into, std::size_t) {
        result = libdeflate_gzip_decompress_ex(decompressor(), packed.data(), packed.size(), into, size, &consumed, &written);
        return result == LIBDEFLATE_SUCCESS ? written : 0;
    });
    if (result != LIBDEFLATE_SUCCESS) return rejected("it is not gzip, or its size or checksum is wrong");
    if (consumed != packed.size() || written != size) return rejected("bytes follow its end");
    return plain;
}

}  // namespace crypto
