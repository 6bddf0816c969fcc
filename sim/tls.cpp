#include "sim/tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace sim {
namespace {

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;

void require(bool fine, const char* what) {
    if (!fine) throw std::runtime_error(std::string("cannot make the simulator's certificate: ") + what);
}

Key make_key() {
    Key key(EVP_EC_gen("P-256"));
    require(key != nullptr, "key");
    return key;
}

void add_extension(X509& certificate, X509& issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
    std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    require(extension && X509_add_ext(&certificate, extension.get(), -1) == 1, value);
}

Certificate blank_certificate(EVP_PKEY& key, const char* name) {
    Certificate certificate(X509_new());
    require(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1, "version");
    std::uint64_t serial = 0;
    require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "serial");
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1 | 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 30L * 24 * 3600);
    X509_set_pubkey(certificate.get(), &key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    return certificate;
}

std::string pem_of(X509& certificate) {
    std::unique_ptr<BIO, Deleter<BIO_free>> out(BIO_new(BIO_s_mem()));
    require(out && PEM_write_bio_X509(out.get(), &certificate) == 1, "PEM");
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

// A CA and a leaf that is not one: strict clients refuse a server certificate that is its own CA.
std::string use_own_certificate(SSL_CTX& context) {
    const Key ca_key = make_key();
    const Certificate ca = blank_certificate(*ca_key, "e2ee-sim CA");
    X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get()));
    add_extension(*ca, *ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(*ca, *ca, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(*ca, *ca, NID_subject_key_identifier, "hash");
    require(X509_sign(ca.get(), ca_key.get(), EVP_sha256()) > 0, "signature of the CA");

    const Key leaf_key = make_key();
    const Certificate leaf = blank_certificate(*leaf_key, "localhost");
    X509_set_issuer_name(leaf.get(), X509_get_subject_name(ca.get()));
    add_extension(*leaf, *ca, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(*leaf, *ca, NID_key_usage, "critical,digitalSignature");
    add_extension(*leaf, *ca, NID_ext_key_usage, "serverAuth");
    add_extension(*leaf, *ca, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
    add_extension(*leaf, *ca, NID_subject_key_identifier, "hash");
    add_extension(*leaf, *ca, NID_authority_key_identifier, "keyid:always");
    require(X509_sign(leaf.get(), ca_key.get(), EVP_sha256()) > 0, "signature of the leaf");

    require(SSL_CTX_use_certificate(&context, leaf.get()) == 1 && SSL_CTX_use_PrivateKey(&context, leaf_key.get()) == 1,
            "leaf");
    return pem_of(*ca);
}

int choose_http_1_1(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned in_size,
                    void*) {
    static constexpr unsigned char ours[] = "\x08http/1.1";
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, ours, sizeof ours - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

TlsIdentity make_tls_identity(const Options& options) {
    TlsIdentity identity{boost::asio::ssl::context(boost::asio::ssl::context::tls_server), {}};
    SSL_CTX& context = *identity.context.native_handle();
    SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
    SSL_CTX_set_mode(&context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(&context, choose_http_1_1, nullptr);
    if (options.tls_cert.empty()) {
        identity.ca_pem = use_own_certificate(context);
    } else if (SSL_CTX_use_certificate_chain_file(&context, options.tls_cert.c_str()) != 1) {
        throw std::runtime_error("--tls-cert " + options.tls_cert + " cannot be used");
    } else if (SSL_CTX_use_PrivateKey_file(&context, options.tls_key.c_str(), SSL_FILETYPE_PEM) != 1) {
        throw std::runtime_error("--tls-key " + options.tls_key + " cannot be used");
    }
    return identity;
}

}  // namespace sim
