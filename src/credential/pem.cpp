#include "credential/pem.h"

#include "base/secret.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

namespace credential {
namespace {

constexpr std::size_t pem_file_max = 1024 * 1024;

std::unexpected<base::Error> refuse(const NamedFile& file, const std::string& why) {
    return base::fail(base::ErrorKind::invalid_configuration, file.variable + ": " + file.path.string() + " " + why);
}

// A file's bytes, wiped when they go: it may be a key.
struct FileBytes {
    std::vector<std::uint8_t> bytes;

    explicit FileBytes(std::size_t size) : bytes(size) {}
    FileBytes(FileBytes&&) noexcept = default;
    FileBytes(const FileBytes&) = delete;
    FileBytes& operator=(const FileBytes&) = delete;
    FileBytes& operator=(FileBytes&&) = delete;
    ~FileBytes() {
        if (!bytes.empty()) base::wipe(bytes);  // it is, once moved from
    }
};

struct OpenFile {
    int descriptor;

    explicit OpenFile(const std::filesystem::path& path) : descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() {
        if (descriptor >= 0) ::close(descriptor);
    }
};

// Not through a stream, whose buffer would keep a copy of the key.
base::Result<FileBytes> read_file(const NamedFile& file) {
    const auto failed = [&](const char* doing) {
        return refuse(file,
                      std::string("cannot be ") + doing + ": " + std::error_code(errno, std::system_category()).message());
    };
    const OpenFile open(file.path);
    if (open.descriptor < 0 && errno == ENOENT) return refuse(file, "does not exist");
    if (open.descriptor < 0) return failed("opened");
    FileBytes content(pem_file_max + 1);
    std::size_t size = 0;
    while (size < content.bytes.size()) {
        const ssize_t count = ::read(open.descriptor, content.bytes.data() + size, content.bytes.size() - size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EISDIR) return refuse(file, "is a directory");
        if (count < 0) return failed("read");
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
    }
    if (size > pem_file_max) return refuse(file, "is larger than 1 MiB: that is no PEM file");
    content.bytes.resize(size);  // shrinks, so nothing moves
    return content;
}

BioPtr view(const FileBytes& file) {
    return BioPtr(BIO_new_mem_buf(file.bytes.data(), static_cast<int>(file.bytes.size())));
}

bool ended_at_no_start_line() {
    const unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

// Called by OpenSSL only if the key is encrypted. Notes that, and gives no passphrase.
int note_encrypted(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

}  // namespace

base::Result<X509StackPtr> read_certificates(const NamedFile& file) {
    const auto content = read_file(file);
    if (!content) return std::unexpected(content.error());
    const BioPtr bio = view(*content);
    X509StackPtr certificates(sk_X509_new_null());
    ERR_clear_error();
    while (X509Ptr certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
        sk_X509_push(certificates.get(), certificate.release());
    }
    const bool clean_end = ended_at_no_start_line();
    ERR_clear_error();
    if (!clean_end) return refuse(file, "holds a PEM certificate that cannot be decoded");
    if (sk_X509_num(certificates.get()) == 0) return refuse(file, "holds no PEM certificate (-----BEGIN CERTIFICATE-----)");
    return certificates;
}

base::Result<EvpPkeyPtr> read_key(const NamedFile& file) {
    const auto content = read_file(file);
    if (!content) return std::unexpected(content.error());
    const BioPtr bio = view(*content);
    bool encrypted = false;
    ERR_clear_error();
    EvpPkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, note_encrypted, &encrypted));
    ERR_clear_error();
    if (encrypted)
        return refuse(
            file, "is encrypted: decrypt it first (openssl pkey -in KEY -out PLAIN) and keep it readable to the proxy only");
    if (!key) return refuse(file, "holds no PEM private key that can be read (-----BEGIN PRIVATE KEY-----)");
    return key;
}

std::string to_pem(X509* certificate) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

}  // namespace credential
