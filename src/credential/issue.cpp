#include "credential/issue.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <utility>

namespace credential {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;

constexpr auto clock_skew = 1h;
constexpr int serial_bits = 159;  // RFC 5280 §4.1.2.2: positive, at most 20 octets

struct FreeNames {
    void operator()(GENERAL_NAMES* names) const noexcept { GENERAL_NAMES_free(names); }
};
struct FreeExtension {
    void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
};
struct FreeOctets {
    void operator()(ASN1_OCTET_STRING* octets) const noexcept { ASN1_OCTET_STRING_free(octets); }
};
struct FreeNumber {
    void operator()(BIGNUM* number) const noexcept { BN_free(number); }
};
using OctetsPtr = std::unique_ptr<ASN1_OCTET_STRING, FreeOctets>;

// OpenSSL fails here only without memory or randomness.
void must(bool done) {
    if (!done) throw std::runtime_error("OpenSSL could not build a certificate");
}

OctetsPtr address_bytes(std::string_view text) {
    return OctetsPtr(a2i_IPADDRESS(std::string(text).c_str()));
}

std::string label_objection(std::string_view label) {
    if (label.empty()) return "has an empty label";
    if (label.size() > 63) return "has a label of more than 63 characters";
    if (label.front() == '-' || label.back() == '-') return "has a label that begins or ends with a hyphen";
    const auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_'; };
    if (!std::ranges::all_of(label, fits))
        return "has a character that DNS names do not have (write other scripts in their xn-- form)";
    return {};
}

void set_validity(X509* certificate, system_clock::time_point from, system_clock::time_point to) {
    must(ASN1_TIME_set(X509_getm_notBefore(certificate), system_clock::to_time_t(from)) != nullptr);
    must(ASN1_TIME_set(X509_getm_notAfter(certificate), system_clock::to_time_t(to)) != nullptr);
}

std::string set_random_serial(X509* certificate) {
    const std::unique_ptr<BIGNUM, FreeNumber> serial(BN_new());
    must(BN_rand(serial.get(), serial_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1);
    must(BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr);
    char* hex = BN_bn2hex(serial.get());
    must(hex != nullptr);
    std::string text(hex);
    OPENSSL_free(hex);
    return text;
}

void set_subject(X509* certificate, const std::string& common_name) {
    X509_NAME* subject = X509_get_subject_name(certificate);
    const auto add = [&](const char* field, const std::string& value) {
        must(X509_NAME_add_entry_by_txt(subject, field, MBSTRING_ASC, reinterpret_cast<const unsigned char*>(value.data()),
                                        static_cast<int>(value.size()), -1, 0) == 1);
    };
    add("O", "e2ee-proxy");
    add("CN", common_name);
}

struct ExtensionText {
    int nid;
    const char* value;
};

void add_extensions(X509* certificate, X509* issuer, std::initializer_list<ExtensionText> extensions) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    for (const auto& [nid, value] : extensions) {
        const std::unique_ptr<X509_EXTENSION, FreeExtension> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
        must(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
    }
}

void add_names(X509* certificate, const std::vector<std::string>& names) {
    const std::unique_ptr<GENERAL_NAMES, FreeNames> list(sk_GENERAL_NAME_new_null());
    for (const std::string& name : names) {
        GENERAL_NAME* entry = GENERAL_NAME_new();
        must(entry != nullptr && sk_GENERAL_NAME_push(list.get(), entry) > 0);
        if (OctetsPtr address = address_bytes(name)) {
            GENERAL_NAME_set0_value(entry, GEN_IPADD, address.release());
        } else {
            ASN1_IA5STRING* text = ASN1_IA5STRING_new();
            must(text != nullptr && ASN1_STRING_set(text, name.data(), static_cast<int>(name.size())) == 1);
            GENERAL_NAME_set0_value(entry, GEN_DNS, text);
        }
    }
    must(X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, X509V3_ADD_DEFAULT) == 1);
}

EvpPkeyPtr make_p256_key() {
    EvpPkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    must(key != nullptr);
    return key;
}

X509Ptr make_certificate(EVP_PKEY* key, system_clock::time_point now) {
    X509Ptr certificate(X509_new());
    must(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1);
    must(X509_set_pubkey(certificate.get(), key) == 1);
    set_validity(certificate.get(), now - clock_skew, now - clock_skew + leaf_validity);
    return certificate;
}

// The serial number in its name tells the CAs of several installations apart in a trust store.
X509Ptr make_ca(EVP_PKEY* key, system_clock::time_point now) {
    X509Ptr ca = make_certificate(key, now);
    set_validity(ca.get(), now - clock_skew, now + leaf_validity + 24h);
    set_subject(ca.get(), "e2ee-proxy private CA " + set_random_serial(ca.get()).substr(0, 8));
    must(X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get())) == 1);
    add_extensions(ca.get(), ca.get(),
                   {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                    {NID_key_usage, "critical,keyCertSign,cRLSign"},
                    {NID_subject_key_identifier, "hash"}});
    must(X509_sign(ca.get(), key, EVP_sha256()) > 0);
    return ca;
}

}  // namespace

bool is_ip_address(std::string_view text) {
    return address_bytes(text) != nullptr;
}

std::string name_objection(std::string_view name) {
    if (is_ip_address(name)) return {};
    if (name.size() > 253) return "is longer than 253 characters";
    const bool wildcard = name.starts_with("*.");
    std::string_view rest = wildcard ? name.substr(2) : name;
    std::size_t labels = 0;
    std::string_view label;
    for (bool more = true; more; ++labels) {
        const std::size_t dot = rest.find('.');
        label = rest.substr(0, dot);
        if (std::string objection = label_objection(label); !objection.empty()) return objection;
        more = dot != std::string_view::npos;
        if (more) rest.remove_prefix(dot + 1);
    }
    const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
    if (std::ranges::all_of(label, digit)) return "ends in a number but is no IP address";
    if (wildcard && labels < 2) return "is a wildcard over a top-level name, which clients do not accept";
    return {};
}

base::Result<Issued> issue(const IssueRequest& request) {
    for (const std::string& name : request.names) {
        if (const std::string objection = name_objection(name); !objection.empty()) {
            return base::fail(base::ErrorKind::invalid_configuration, "the name '" + name + "' " + objection);
        }
    }
    const EvpPkeyPtr ca_key = make_p256_key();
    Issued issued{.ca = make_ca(ca_key.get(), request.now), .leaf = nullptr, .key = make_p256_key()};
    issued.leaf = make_certificate(issued.key.get(), request.now);
    X509* leaf = issued.leaf.get();
    set_random_serial(leaf);
    set_subject(leaf, "e2ee-proxy");
    must(X509_set_issuer_name(leaf, X509_get_subject_name(issued.ca.get())) == 1);
    add_extensions(leaf, issued.ca.get(),
                   {{NID_basic_constraints, "critical,CA:FALSE"},
                    {NID_key_usage, "critical,digitalSignature"},
                    {NID_ext_key_usage, "serverAuth"},
                    {NID_subject_key_identifier, "hash"},
                    {NID_authority_key_identifier, "keyid:always"}});
    add_names(leaf, request.names);
    must(X509_sign(leaf, ca_key.get(), EVP_sha256()) > 0);
    return issued;
}

}  // namespace credential
