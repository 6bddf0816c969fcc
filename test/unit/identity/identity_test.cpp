#include "net/identity.h"

#include "credential/issue.h"
#include "credential/pem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

namespace {

using namespace net;
using namespace std::chrono_literals;
using base::ErrorKind;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace fs = std::filesystem;

const WallTime now = std::chrono::system_clock::from_time_t(1'790'000'000);

class Identity : public testing::Test {
protected:
    Identity() {
        std::string pattern = (fs::temp_directory_path() / "e2ee-identity-XXXXXX").string();
        directory_ = ::mkdtemp(pattern.data());
    }
    ~Identity() override { fs::remove_all(directory_); }

    [[nodiscard]] fs::path at(const std::string& name) const { return directory_ / name; }

    fs::path write(const std::string& name, const std::string& content) const {
        std::ofstream(at(name), std::ios::binary) << content;
        return at(name);
    }
    [[nodiscard]] static std::string read(const fs::path& path) {
        std::ostringstream text;
        text << std::ifstream(path, std::ios::binary).rdbuf();
        return text.str();
    }
    static std::string key_pem(EVP_PKEY* key, const char* passphrase = nullptr) {
        const credential::BioPtr bio(BIO_new(BIO_s_mem()));
        const int size = passphrase == nullptr ? 0 : static_cast<int>(std::string(passphrase).size());
        PEM_write_bio_PKCS8PrivateKey(bio.get(), key, passphrase == nullptr ? nullptr : EVP_aes_256_cbc(), passphrase, size,
                                      nullptr, nullptr);
        char* text = nullptr;
        const long length = BIO_get_mem_data(bio.get(), &text);
        return {text, static_cast<std::size_t>(length)};
    }
    static credential::Issued issued(const std::string& name = "proxy.example") {
        return credential::issue({.names = {name, "10.0.0.7"}, .now = now}).value();
    }
    // The files of a custom certificate that is in order.
    CustomFiles files(const credential::Issued& of) const {
        return {write("cert.pem", credential::to_pem(of.leaf.get())), write("key.pem", key_pem(of.key.get())), std::nullopt};
    }
    [[nodiscard]] static std::string refusal(const base::Result<LoadedIdentity>& result) {
        if (result) return "it was taken";
        EXPECT_EQ(result.error().kind, ErrorKind::invalid_configuration);
        return result.error().detail;
    }

private:
    fs::path directory_;
};

using Custom = Identity;
using SelfSigned = Identity;
using Embedded = Identity;
using Modes = Identity;

mode_t mode_of(const fs::path& path) {
    struct stat status{};
    ::stat(path.c_str(), &status);
    return status.st_mode & 07777U;
}

bool same_leaf(const LoadedIdentity& one, const LoadedIdentity& two) {
    return X509_cmp(one.identity.leaf(), two.identity.leaf()) == 0;
}

// --- custom

TEST_F(Custom, a_certificate_and_its_key_become_an_identity) {
    const credential::Issued made = issued();
    const auto loaded = load_custom(files(made), now);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().detail;
    EXPECT_EQ(X509_cmp(loaded->identity.leaf(), made.leaf.get()), 0);
    EXPECT_EQ(EVP_PKEY_eq(loaded->identity.key(), made.key.get()), 1);
    EXPECT_EQ(sk_X509_num(loaded->identity.chain()), 0);
    EXPECT_THAT(loaded->identity.names(), ElementsAre("proxy.example", "10.0.0.7"));
    EXPECT_EQ(loaded->identity.not_after(), now - 1h + credential::leaf_validity);
    EXPECT_THAT(loaded->warnings, IsEmpty());
    EXPECT_EQ(loaded->ca_pem, "");
}

TEST_F(Custom, tls_ca_is_appended_to_the_chain_of_the_certificate_file) {
    const credential::Issued made = issued();
    const credential::Issued other = issued();
    CustomFiles chain = files(made);
    write("cert.pem", credential::to_pem(made.leaf.get()) + credential::to_pem(made.ca.get()));
    chain.ca = write("ca.pem", "some words\n" + credential::to_pem(other.ca.get()));
    const auto loaded = load_custom(chain, now);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().detail;
    ASSERT_EQ(sk_X509_num(loaded->identity.chain()), 2);
    EXPECT_EQ(X509_cmp(sk_X509_value(loaded->identity.chain(), 0), made.ca.get()), 0);
    EXPECT_EQ(X509_cmp(sk_X509_value(loaded->identity.chain(), 1), other.ca.get()), 0);
}

TEST_F(Custom, an_error_names_the_variable_and_the_file) {
    const credential::Issued made = issued();
    const CustomFiles good = files(made);
    const std::string key = read(good.key);
    const auto with = [&](auto change) {
        CustomFiles changed = good;
        change(changed);
        return refusal(load_custom(changed, now));
    };
    EXPECT_EQ(with([&](CustomFiles& f) { f.certificate = at("none.pem"); }),
              "TLS_CERT: " + at("none.pem").string() + " does not exist");
    EXPECT_EQ(with([&](CustomFiles& f) { f.key = at("none.pem"); }), "TLS_KEY: " + at("none.pem").string() + " does not exist");
    EXPECT_EQ(with([&](CustomFiles& f) { f.ca = at("none.pem"); }), "TLS_CA: " + at("none.pem").string() + " does not exist");
    EXPECT_EQ(with([&](CustomFiles& f) { f.key = at(""); }), "TLS_KEY: " + at("").string() + " is a directory");
    EXPECT_THAT(with([&](CustomFiles& f) { f.certificate = write("text", "hello\n"); }), HasSubstr("holds no PEM certificate"));
    EXPECT_THAT(with([&](CustomFiles& f) { f.certificate = good.key; }), HasSubstr("holds no PEM certificate"));
    EXPECT_THAT(with([&](CustomFiles& f) { f.key = good.certificate; }), HasSubstr("holds no PEM private key"));
    EXPECT_THAT(with([&](CustomFiles& f) { f.ca = write("empty", ""); }), HasSubstr("TLS_CA: " + at("empty").string()));
    EXPECT_THAT(
        with([&](CustomFiles& f) { f.certificate = write("cut.pem", credential::to_pem(made.leaf.get()).substr(0, 200)); }),
        HasSubstr("cannot be decoded"));
    EXPECT_THAT(with([&](CustomFiles& f) { f.key = write("cut.pem", key.substr(0, key.size() / 2)); }), HasSubstr("TLS_KEY"));
    EXPECT_THAT(with([&](CustomFiles& f) { f.key = write("big", std::string(2 << 20, 'x')); }), HasSubstr("larger than 1 MiB"));
}

TEST_F(Custom, an_encrypted_key_is_refused_without_asking_for_a_passphrase) {
    const credential::Issued made = issued();
    CustomFiles chosen = files(made);
    chosen.key = write("key.pem", key_pem(made.key.get(), "secret"));
    EXPECT_THAT(refusal(load_custom(chosen, now)), HasSubstr("TLS_KEY: " + chosen.key.string() + " is encrypted"));
}

TEST_F(Custom, a_key_of_another_certificate_is_refused) {
    CustomFiles chosen = files(issued());
    chosen.key = write("other.pem", key_pem(issued().key.get()));
    EXPECT_THAT(refusal(load_custom(chosen, now)), HasSubstr("other.pem does not belong to"));
}

TEST_F(Custom, an_expired_certificate_is_taken_with_a_warning) {
    const CustomFiles chosen = files(issued());
    const auto late = load_custom(chosen, now + 398 * 24h);
    ASSERT_TRUE(late.has_value());
    EXPECT_THAT(late->warnings, ElementsAre(HasSubstr("expired on 2027-10-")));
    const auto soon = load_custom(chosen, now + 390 * 24h);
    EXPECT_THAT(soon->warnings, ElementsAre(HasSubstr("expires on")));
    const auto early = load_custom(chosen, now - 48h);
    EXPECT_THAT(early->warnings, ElementsAre(HasSubstr("not valid yet")));
}

TEST_F(Custom, a_server_certificate_that_is_its_own_ca_is_taken_with_a_warning) {
    const credential::Issued made = issued();
    CustomFiles chosen = files(made);
    EvpPkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    X509_set_pubkey(made.ca.get(), key.get());
    X509_sign(made.ca.get(), key.get(), EVP_sha256());
    chosen.certificate = write("ca.pem", credential::to_pem(made.ca.get()));
    chosen.key = write("ca-key.pem", key_pem(key.get()));
    const auto loaded = load_custom(chosen, now);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().detail;
    EXPECT_THAT(loaded->warnings, Contains(HasSubstr("is itself a CA")));
    EXPECT_THAT(loaded->warnings, Contains(HasSubstr("no subject alternative name")));
}

// --- names

TEST_F(Identity, covers_matches_hosts_as_a_client_would) {
    const auto made = make_self_signed({.domain = "*.Example.org"}, now);
    ASSERT_TRUE(made.has_value());
    for (const char* host : {"a.example.org", "A.EXAMPLE.ORG", "localhost", "127.0.0.1", "::1", "[::1]", "0:0:0:0:0:0:0:1"}) {
        EXPECT_TRUE(made->identity.covers(host)) << host;
    }
    for (const std::string& host : {std::string("example.org"), std::string("a.b.example.org"), std::string(".example.org"),
                                    std::string(), std::string("127.0.0.2"), std::string("localhost\0.evil", 15),
                                    std::string("e2ee-proxy"), std::string("[localhost"), std::string("evil.localhost")}) {
        EXPECT_FALSE(made->identity.covers(host)) << host;
    }
}

// --- self-signed

TEST_F(SelfSigned, serves_the_domain_and_loopback_with_a_leaf_under_a_private_ca) {
    const auto made = make_self_signed({.domain = "myproxy.local"}, now);
    ASSERT_TRUE(made.has_value()) << made.error().detail;
    EXPECT_THAT(made->identity.names(), ElementsAre("myproxy.local", "localhost", "127.0.0.1", "::1"));
    const auto ca = credential::read_certificates({"ca", write("ca.pem", made->ca_pem)});
    ASSERT_TRUE(ca.has_value());
    EXPECT_EQ(X509_verify(made->identity.leaf(), X509_get0_pubkey(sk_X509_value(ca->get(), 0))), 1);
    EXPECT_EQ(X509_check_ca(made->identity.leaf()), 0);
    EXPECT_THAT(made->warnings, IsEmpty());
}

TEST_F(SelfSigned, a_domain_that_is_an_address_becomes_an_address_of_the_certificate) {
    EXPECT_THAT(make_self_signed({.domain = "192.0.2.7"}, now)->identity.names(),
                ElementsAre("192.0.2.7", "localhost", "127.0.0.1", "::1"));
    EXPECT_THAT(make_self_signed({.domain = "FD00:0::1"}, now)->identity.names(),
                ElementsAre("fd00::1", "localhost", "127.0.0.1", "::1"));
    EXPECT_THAT(make_self_signed({.domain = "LOCALHOST"}, now)->identity.names(), ElementsAre("localhost", "127.0.0.1", "::1"));
    EXPECT_TRUE(make_self_signed({.domain = "192.0.2.7"}, now)->identity.covers("192.0.2.7"));
}

TEST_F(SelfSigned, a_domain_no_certificate_can_carry_is_refused_by_name) {
    EXPECT_EQ(refusal(make_self_signed({.domain = "a,DNS:evil"}, now)).substr(0, 24), "TLS_DOMAIN: 'a,DNS:evil'");
}

TEST_F(SelfSigned, without_a_state_directory_every_start_makes_a_new_one) {
    EXPECT_FALSE(same_leaf(make_self_signed({}, now).value(), make_self_signed({}, now).value()));
}

TEST_F(SelfSigned, with_a_state_directory_it_is_kept_privately_and_used_again) {
    const SelfSignedSettings settings{.domain = "localhost", .state_dir = at("a/state")};
    const auto first = make_self_signed(settings, now);
    ASSERT_TRUE(first.has_value()) << first.error().detail;
    EXPECT_EQ(mode_of(at("a/state")), 0700U);
    EXPECT_EQ(mode_of(at("a/state/self-signed.pem")), 0600U);
    const auto again = make_self_signed(settings, now + 300 * 24h);
    EXPECT_TRUE(same_leaf(*first, *again));
    EXPECT_EQ(first->ca_pem, again->ca_pem);
    EXPECT_EQ(std::distance(fs::directory_iterator(at("a/state")), fs::directory_iterator()), 1);
}

TEST_F(SelfSigned, the_key_of_the_ca_is_kept_nowhere) {
    const SelfSignedSettings settings{.domain = "localhost", .state_dir = at("state")};
    const auto made = make_self_signed(settings, now);
    const std::string file = read(at("state/self-signed.pem"));
    const std::size_t first = file.find("PRIVATE KEY-----");
    ASSERT_NE(first, std::string::npos);
    EXPECT_EQ(file.find("BEGIN", first), std::string::npos);  // one key, and it is the leaf's
    const auto key = credential::read_key({"kept", at("state/self-signed.pem")});
    EXPECT_EQ(EVP_PKEY_eq(key->get(), made->identity.key()), 1);
}

TEST_F(SelfSigned, what_is_kept_is_made_anew_when_it_ends_soon_lacks_the_domain_or_is_broken) {
    SelfSignedSettings settings{.domain = "localhost", .state_dir = at("state")};
    const auto first = make_self_signed(settings, now);
    const auto renewed = make_self_signed(settings, now + 390 * 24h);
    EXPECT_FALSE(same_leaf(*first, *renewed));
    settings.domain = "other.example";
    const auto other = make_self_signed(settings, now + 390 * 24h);
    EXPECT_FALSE(same_leaf(*renewed, *other));
    EXPECT_TRUE(other->identity.covers("other.example"));
    const std::string whole = read(at("state/self-signed.pem"));
    write("state/self-signed.pem", whole.substr(0, whole.size() - 60));
    const auto mended = make_self_signed(settings, now + 390 * 24h);
    ASSERT_TRUE(mended.has_value());
    EXPECT_FALSE(same_leaf(*other, *mended));
    EXPECT_TRUE(same_leaf(*mended, make_self_signed(settings, now + 390 * 24h).value()));
}

TEST_F(SelfSigned, a_state_directory_that_others_can_write_to_is_refused) {
    fs::create_directory(at("state"));
    fs::permissions(at("state"), fs::perms::all);
    EXPECT_THAT(refusal(make_self_signed({.domain = "localhost", .state_dir = at("state")}, now)),
                HasSubstr("E2EE_STATE_DIR: " + at("state").string() + " can be written by others"));
    write("file", "");
    EXPECT_THAT(refusal(make_self_signed({.domain = "localhost", .state_dir = at("file")}, now)),
                HasSubstr("is not a directory"));
}

TEST_F(SelfSigned, the_ca_file_is_readable_by_all_and_replaces_a_planted_link_without_following_it) {
    const fs::path victim = write("victim", "precious");
    fs::create_symlink(victim, at("ssl.crt"));
    const auto made = make_self_signed({.domain = "localhost", .ca_file = at("ssl.crt")}, now);
    ASSERT_TRUE(made.has_value());
    EXPECT_THAT(made->warnings, IsEmpty());
    EXPECT_FALSE(fs::is_symlink(at("ssl.crt")));
    EXPECT_EQ(read(at("ssl.crt")), made->ca_pem);
    EXPECT_EQ(mode_of(at("ssl.crt")), 0644U);
    EXPECT_EQ(read(victim), "precious");
    EXPECT_EQ(read(at("ssl.crt")).find("PRIVATE"), std::string::npos);
}

TEST_F(SelfSigned, a_ca_file_that_cannot_be_written_is_a_warning) {
    const auto made = make_self_signed({.domain = "localhost", .ca_file = at("none/ssl.crt")}, now);
    ASSERT_TRUE(made.has_value());
    EXPECT_THAT(made->warnings, ElementsAre(HasSubstr("none/ssl.crt could not be created")));
}

// --- embedded

TEST_F(Embedded, the_built_library_gives_an_identity_for_the_local_name_and_loopback) {
    const auto loaded = load_embedded(std::chrono::system_clock::now());
    ASSERT_TRUE(loaded.has_value()) << loaded.error().detail;
    for (const char* host : {"e2ee-local-proxy.chutes.dev", "localhost", "127.0.0.1", "::1"})
        EXPECT_TRUE(loaded->identity.covers(host)) << host;
    EXPECT_EQ(X509_check_private_key(loaded->identity.leaf(), loaded->identity.key()), 1);
    EXPECT_EQ(sk_X509_num(loaded->identity.chain()), 0);
    EXPECT_THAT(loaded->ca_pem, HasSubstr("BEGIN CERTIFICATE"));
    EXPECT_THAT(loaded->warnings, IsEmpty());
}

#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)  // they make mlock do nothing
// In a child of its own, as nobody: root may always lock memory.
[[noreturn]] void load_without_locked_memory() {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_MEMLOCK, &none);
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
    const auto loaded = load_embedded(now);
    ::_exit(!loaded && loaded.error().detail.find("ulimit -l") != std::string::npos ? 0 : 1);
}

TEST_F(Embedded, without_locked_memory_the_start_stops_with_what_to_do) {
    EXPECT_EXIT(load_without_locked_memory(), testing::ExitedWithCode(0), "");
}
#endif

// --- the choice between them

TEST_F(Modes, custom_comes_before_self_signed_and_that_before_embedded) {
    const CustomFiles custom = files(issued());
    IdentitySettings settings{.certificate_file = custom.certificate.string(),
                              .key_file = custom.key.string(),
                              .ca_file = "",
                              .self_signed = true,
                              .domain = "",
                              .state_dir = "",
                              .own_ca_file = ""};
    EXPECT_EQ(load_identity(settings, now)->mode, "custom");
    settings.certificate_file.clear();
    settings.key_file.clear();
    EXPECT_EQ(load_identity(settings, now)->mode, "self-signed");
    settings.self_signed = false;
    EXPECT_EQ(load_identity(settings, now)->mode, "embedded");
}

TEST_F(Modes, certificate_and_key_come_together_or_not_at_all) {
    IdentitySettings settings;
    settings.certificate_file = "c";
    EXPECT_THAT(refusal(load_identity(settings, now)), HasSubstr("TLS_CERT is set but TLS_KEY is not"));
    std::swap(settings.certificate_file, settings.key_file);
    EXPECT_THAT(refusal(load_identity(settings, now)), HasSubstr("TLS_KEY is set but TLS_CERT is not"));
    settings.key_file.clear();
    settings.ca_file = "c";
    EXPECT_THAT(refusal(load_identity(settings, now)), HasSubstr("TLS_CA is set"));
}

TEST_F(Modes, the_trust_instructions_name_the_file_for_every_platform) {
    const std::string text = trust_instructions("ssl.crt");
    EXPECT_THAT(text, HasSubstr("add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ssl.crt"));
    EXPECT_THAT(text, HasSubstr("sudo cp ssl.crt /usr/local/share/ca-certificates/e2ee-proxy.crt"));
    EXPECT_THAT(text, HasSubstr("Import-Certificate -FilePath ssl.crt -CertStoreLocation Cert:\\LocalMachine\\Root"));
}

}  // namespace
