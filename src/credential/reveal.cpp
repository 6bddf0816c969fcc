// libe2ee_proxy.so but for its generated part. Uses the C library only.
#include "credential/embedded.h"
#include "credential/masked.h"

#include <string.h>
#include <sys/mman.h>

#include <cerrno>

namespace {

using namespace credential;

// Pages that are neither swapped nor dumped nor inherited by a child; wiped when they go.
class LockedPages {
public:
    explicit LockedPages(std::size_t size) : size_(size) {
        void* pages = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages == MAP_FAILED) {
            error_ = errno;
            return;
        }
        bytes_ = static_cast<unsigned char*>(pages);
        const bool safe = ::mlock(pages, size) == 0 && ::madvise(pages, size, MADV_DONTDUMP) == 0 &&
                          ::madvise(pages, size, MADV_DONTFORK) == 0;
        if (!safe) error_ = errno;
    }
    LockedPages(const LockedPages&) = delete;
    LockedPages& operator=(const LockedPages&) = delete;
    ~LockedPages() {
        if (bytes_ == nullptr) return;
        ::explicit_bzero(bytes_, size_);
        ::munmap(bytes_, size_);  // unlocks, too
    }

    [[nodiscard]] int error() const { return error_; }
    [[nodiscard]] unsigned char* bytes() { return bytes_; }

private:
    unsigned char* bytes_ = nullptr;
    std::size_t size_;
    int error_ = 0;
};

}  // namespace

extern "C" int e2ee_embedded_reveal(e2ee_embedded_use use, void* context) {
    const std::size_t size = masked::key_size + masked::chain_size;
    LockedPages pages(size);
    if (pages.error() != 0) return pages.error();
    unsigned char* bytes = pages.bytes();
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<unsigned char>(masked::share_one[i] ^ masked::share_two[masked::position(i)] ^
                                              masked::share_in_code(i));
    }
    const e2ee_embedded_credential credential{bytes, masked::key_size, bytes + masked::key_size, masked::chain_size};
    use(context, &credential);
    return 0;
}
