#include "net/identity.h"

#include "credential/embedded.h"
#include "credential/issue.h"
#include "credential/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <span>
#include <system_error>
#include <utility>

namespace net {
namespace {

using base::ErrorKind;
using base::Result;
using credential::NamedFile;

constexpr std::chrono::days expiry_warning{14};  // a certificate that ends sooner is worth a line in the log
constexpr std::chrono::days renewal_margin{14};  // a kept self-signed one that ends sooner is made anew
constexpr const char* kept_name = "self-signed.pem";

// --- reading certificates -------------------------------------------------------------------------------------------

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

std::string address_text(const ASN1_OCTET_STRING* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
    if (family == AF_INET6 && ASN1_STRING_length(address) != 16) return {};
    const char* written = ::inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size());
    return written == nullptr ? std::string() : std::string(written);
}

std::vector<std::string> names_of(X509* leaf) {
    std::vector<std::string> result;
    auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
        std::string text;
        if (name->type == GEN_DNS) {
            const auto* value = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
            text = lower({value, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))});
        } else if (name->type == GEN_IPADD) {
            text = address_text(name->d.iPAddress);
        }
        if (!text.empty()) result.push_back(std::move(text));
    }
    GENERAL_NAMES_free(names);
    return result;
}

WallTime wall_time(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return WallTime::min();
    return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

bool valid_until(X509* certificate, WallTime time) {
    return wall_time(X509_get0_notAfter(certificate)) > time;
}

std::string day_of(WallTime time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    std::array<char, 32> text{};
    ::gmtime_r(&seconds, &parts);
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts)};
}

// What a client will hold against the certificate.
std::vector<std::string> objections(const TlsIdentity& identity, const std::string& what, WallTime now) {
    std::vector<std::string> found;
    const std::string day = day_of(identity.not_after());
    if (identity.not_after() <= now) {
        found.push_back(what + " expired on " + day + ": clients will refuse it");
    } else if (identity.not_after() < now + expiry_warning) {
        found.push_back(what + " expires on " + day);
    }
    if (wall_time(X509_get0_notBefore(identity.leaf())) > now)
        found.push_back(what + " is not valid yet: clients will refuse it");
    if (identity.names().empty())
        found.push_back(what + " has no subject alternative name: clients will refuse it for every host");
    if (X509_check_ca(identity.leaf()) == 1) {
        found.push_back(what + " is itself a CA: some clients (rustls, and so Codex) refuse that");
    }
    return found;
}

X509StackPtr empty_chain() {
    return X509StackPtr(sk_X509_new_null());
}

// --- keeping a self-signed credential -------------------------------------------------------------------------------

// Writes a file that was not there before under a random name beside `path`, then renames it over `path`: readers see the old
// file or the new one, and a link that somebody planted at `path` is replaced, never followed.
Result<void> write_file(const std::filesystem::path& path, BIO* content, mode_t mode) {
    const auto failed = [&](const char* doing) {
        return base::fail(ErrorKind::invalid_configuration, path.string() + " could not be " + doing + ": " +
                                                                std::error_code(errno, std::system_category()).message());
    };
    std::string fresh = path.string() + ".XXXXXX";
    const int file = ::mkostemp(fresh.data(), O_CLOEXEC);  // O_CREAT|O_EXCL, 0600
    if (file < 0) return failed("created");
    char* data = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(content, &data));
    std::size_t written = 0;
    while (written < size) {
        const ssize_t count = ::write(file, data + written, size - written);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        written += static_cast<std::size_t>(count);
    }
    const bool done =
        written == size && ::fchmod(file, mode) == 0 && ::fsync(file) == 0 && ::rename(fresh.c_str(), path.c_str()) == 0;
    const int error = errno;
    ::close(file);
    if (done) return {};
    ::unlink(fresh.c_str());
    errno = error;
    return failed("written");
}

// Leaves the CA's certificate where clients can take it. A convenience: without it the proxy still serves, so that a failure is
// a warning and does not stop the start.
void leave_ca(LoadedIdentity& loaded, const std::optional<std::filesystem::path>& path) {
    if (!path || loaded.ca_pem.empty()) return;
    const credential::BioPtr bio(BIO_new_mem_buf(loaded.ca_pem.data(), static_cast<int>(loaded.ca_pem.size())));
    if (const auto done = write_file(*path, bio.get(), 0644); !done) loaded.warnings.push_back(done.error().detail);
}

// Makes the directory, 0700, and refuses one where others could put a key of theirs.
Result<void> prepare_state_dir(const std::filesystem::path& directory) {
    const auto refuse = [&](const std::string& why) {
        return base::fail(ErrorKind::invalid_configuration, "E2EE_STATE_DIR: " + directory.string() + " " + why);
    };
    std::error_code error;
    if (directory.has_parent_path()) std::filesystem::create_directories(directory.parent_path(), error);
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
        return refuse("could not be made: " + std::error_code(errno, std::system_category()).message());
    }
    struct stat status{};
    if (::stat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return refuse("is not a directory");
    if (status.st_uid != ::geteuid()) return refuse("belongs to another user: a private key is kept there");
    if ((status.st_mode & 0022U) != 0) return refuse("can be written by others: chmod 700 it, a private key is kept there");
    return {};
}

// The CA, the leaf and its key in one file, so that they can never be of different makes.
Result<void> keep(const std::filesystem::path& file, const credential::Issued& issued) {
    const credential::BioPtr bio(BIO_new(BIO_s_secmem()));
    const bool written = PEM_write_bio_X509(bio.get(), issued.leaf.get()) == 1 &&
                         PEM_write_bio_X509(bio.get(), issued.ca.get()) == 1 &&
                         PEM_write_bio_PKCS8PrivateKey(bio.get(), issued.key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
    if (!written) return base::fail(ErrorKind::internal, "the self-signed certificate could not be written as PEM");
    return write_file(file, bio.get(), 0600);
}

// The kept credential, if it is still good for every one of `names`.
std::optional<credential::Issued> kept(const std::filesystem::path& file, const std::vector<std::string>& names, WallTime now) {
    std::error_code error;
    if (!std::filesystem::exists(file, error)) return std::nullopt;
    auto certificates = credential::read_certificates({"E2EE_STATE_DIR", file});
    auto key = credential::read_key({"E2EE_STATE_DIR", file});
    if (!certificates || !key || sk_X509_num(certificates->get()) != 2) return std::nullopt;
    credential::Issued found{.ca = nullptr, .leaf = X509Ptr(sk_X509_shift(certificates->get())), .key = std::move(*key)};
    found.ca.reset(sk_X509_shift(certificates->get()));
    const bool whole = X509_check_private_key(found.leaf.get(), found.key.get()) == 1 &&
                       X509_verify(found.leaf.get(), X509_get0_pubkey(found.ca.get())) == 1;
    ERR_clear_error();
    if (!whole || !valid_until(found.leaf.get(), now + renewal_margin)) return std::nullopt;
    const std::vector<std::string> has = names_of(found.leaf.get());
    const auto covered = [&](const std::string& name) { return std::ranges::find(has, name) != has.end(); };
    if (!std::ranges::all_of(names, covered)) return std::nullopt;
    return found;
}

// localhost and the loopback addresses always; the domain in front, in the form names_of() would show it.
Result<std::vector<std::string>> self_signed_names(const std::string& domain) {
    if (const std::string objection = credential::name_objection(domain); !objection.empty()) {
        return base::fail(ErrorKind::invalid_configuration, "TLS_DOMAIN: '" + domain + "' " + objection);
    }
    std::string name = lower(domain);
    ASN1_OCTET_STRING* address = a2i_IPADDRESS(domain.c_str());
    if (address != nullptr) name = address_text(address);
    ASN1_OCTET_STRING_free(address);
    std::vector<std::string> names{name};
    for (const char* always : {"localhost", "127.0.0.1", "::1"}) {
        if (name != always) names.emplace_back(always);
    }
    return names;
}

// --- the embedded credential ----------------------------------------------------------------------------------------

struct Unmasked {
    std::vector<X509Ptr> certificates;
    EvpPkeyPtr key;
};

// Called by the library. What it copies out is OpenSSL's own form of the key, wiped when the last reference goes.
void take_unmasked(void* context, const e2ee_embedded_credential* material) noexcept {
    auto& taken = *static_cast<Unmasked*>(context);
    const unsigned char* at = material->key;
    taken.key.reset(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(material->key_size)));
    at = material->chain;
    const unsigned char* const end = at + material->chain_size;
    while (at < end) {
        X509Ptr certificate(d2i_X509(nullptr, &at, end - at));
        if (!certificate) break;
        taken.certificates.push_back(std::move(certificate));
    }
}

}  // namespace

// --- TlsIdentity ----------------------------------------------------------------------------------------------------

TlsIdentity::TlsIdentity(Parts parts)
    : parts_(std::move(parts)),
      names_(names_of(parts_.leaf.get())),
      not_after_(wall_time(X509_get0_notAfter(parts_.leaf.get()))) {}

bool TlsIdentity::covers(std::string_view host) const {
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.empty() || host.starts_with('.') || host.find('\0') != std::string_view::npos) return false;
    if (credential::is_ip_address(host)) return X509_check_ip_asc(leaf(), std::string(host).c_str(), 0) == 1;
    constexpr unsigned int flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    return X509_check_host(leaf(), host.data(), host.size(), flags, nullptr) == 1;
}

// --- the three makers -----------------------------------------------------------------------------------------------

Result<LoadedIdentity> load_custom(const CustomFiles& files, WallTime now) {
    const auto refuse = [](std::string why) { return base::fail(ErrorKind::invalid_configuration, std::move(why)); };
    auto certificates = credential::read_certificates({"TLS_CERT", files.certificate});
    if (!certificates) return std::unexpected(std::move(certificates.error()));
    auto key = credential::read_key({"TLS_KEY", files.key});
    if (!key) return std::unexpected(std::move(key.error()));
    X509Ptr leaf(sk_X509_shift(certificates->get()));
    const bool matches = X509_check_private_key(leaf.get(), key->get()) == 1;
    ERR_clear_error();
    if (!matches) {
        return refuse("TLS_KEY: " + files.key.string() + " does not belong to the first certificate of " +
                      files.certificate.string() + " (TLS_CERT): the server's own certificate comes first in that file");
    }
    if (files.ca) {
        auto more = credential::read_certificates({"TLS_CA", *files.ca});
        if (!more) return std::unexpected(std::move(more.error()));
        while (sk_X509_num(more->get()) > 0) sk_X509_push(certificates->get(), sk_X509_shift(more->get()));
    }
    LoadedIdentity loaded{
        .identity = TlsIdentity({.leaf = std::move(leaf), .chain = std::move(*certificates), .key = std::move(*key)}),
        .mode = "custom"};
    loaded.warnings = objections(loaded.identity, "TLS_CERT: " + files.certificate.string(), now);
    return loaded;
}

Result<LoadedIdentity> make_self_signed(const SelfSignedSettings& settings, WallTime now) {
    const auto names = self_signed_names(settings.domain);
    if (!names) return std::unexpected(names.error());
    std::optional<credential::Issued> issued;
    if (settings.state_dir) {
        if (auto ready = prepare_state_dir(*settings.state_dir); !ready) return std::unexpected(std::move(ready.error()));
        issued = kept(*settings.state_dir / kept_name, *names, now);
    }
    if (!issued) {
        auto fresh = credential::issue({.names = *names, .now = now});
        if (!fresh) return std::unexpected(std::move(fresh.error()));
        issued = std::move(*fresh);
        if (settings.state_dir) {
            if (auto done = keep(*settings.state_dir / kept_name, *issued); !done)
                return std::unexpected(std::move(done.error()));
        }
    }
    LoadedIdentity made{
        .identity = TlsIdentity({.leaf = std::move(issued->leaf), .chain = empty_chain(), .key = std::move(issued->key)}),
        .mode = "self-signed",
        .ca_pem = credential::to_pem(issued->ca.get())};
    leave_ca(made, settings.ca_file);
    return made;
}

Result<LoadedIdentity> load_embedded(WallTime now) {
    Unmasked taken;
    if (const int error = e2ee_embedded_reveal(take_unmasked, &taken); error != 0) {
        return base::fail(ErrorKind::invalid_configuration,
                          "the embedded certificate needs some KiB of locked memory, refused with '" +
                              std::error_code(error, std::system_category()).message() +
                              "': raise the limit (ulimit -l) or give TLS_CERT and TLS_KEY");
    }
    if (!taken.key || taken.certificates.empty())
        return base::fail(ErrorKind::internal, "the embedded certificate cannot be decoded");
    LoadedIdentity loaded{
        .identity =
            TlsIdentity({.leaf = std::move(taken.certificates.front()), .chain = empty_chain(), .key = std::move(taken.key)}),
        .mode = "embedded"};
    for (X509Ptr& certificate : std::span(taken.certificates).subspan(1)) {
        // A root is what clients have already: it is shown to those who must trust it, but not sent.
        if (X509_self_signed(certificate.get(), 1) == 1) {
            loaded.ca_pem = credential::to_pem(certificate.get());
        } else {
            sk_X509_push(loaded.identity.chain(), certificate.release());
        }
    }
    loaded.warnings = objections(loaded.identity, "the embedded certificate", now);
    return loaded;
}

Result<LoadedIdentity> load_identity(const IdentitySettings& settings, WallTime now) {
    const auto refuse = [](const char* why) { return base::fail(ErrorKind::invalid_configuration, why); };
    if (settings.certificate_file.empty() != settings.key_file.empty()) {
        return refuse(settings.key_file.empty() ? "TLS_CERT is set but TLS_KEY is not: they come together"
                                                : "TLS_KEY is set but TLS_CERT is not: they come together");
    }
    if (!settings.ca_file.empty() && settings.certificate_file.empty())
        return refuse("TLS_CA is set, but TLS_CERT and TLS_KEY are not");
    const auto path = [](const std::string& text) {
        return text.empty() ? std::optional<std::filesystem::path>() : std::optional<std::filesystem::path>(text);
    };
    if (!settings.certificate_file.empty())
        return load_custom({settings.certificate_file, settings.key_file, path(settings.ca_file)}, now);
    if (!settings.self_signed) {
        auto loaded = load_embedded(now);
        if (loaded) leave_ca(*loaded, path(settings.own_ca_file));
        return loaded;
    }
    return make_self_signed({.domain = settings.domain.empty() ? "localhost" : settings.domain,
                             .state_dir = path(settings.state_dir),
                             .ca_file = path(settings.own_ca_file)},
                            now);
}

std::string trust_instructions(std::string_view file) {
    const std::string name(file);
    return "macOS:\n"
           "  sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain " +
           name +
           "\n"
           "Linux (Debian, Ubuntu):\n"
           "  sudo cp " +
           name +
           " /usr/local/share/ca-certificates/e2ee-proxy.crt && sudo update-ca-certificates\n"
           "Windows (PowerShell as administrator):\n"
           "  Import-Certificate -FilePath " +
           name + " -CertStoreLocation Cert:\\LocalMachine\\Root\n";
}

}  // namespace net
