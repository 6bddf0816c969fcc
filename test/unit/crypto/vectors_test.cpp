// The primitives against third parties' vectors: Wycheproof and CCTV from ../shared/vectors (its ORIGIN.md names the commits),
// and the PyPI package cryptography-vectors.
#include "support/vectors.h"

#include "crypto/aead.h"
#include "crypto/gzip.h"
#include "crypto/kdf.h"
#include "crypto/kem.h"
#include "support/hex.h"
#include "support/instance_side.h"
#include "support/raw_kem.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace {

using base::Bytes;
using base::ByteView;
using crypto::DecapsulationKey;
using crypto::EncapsulationKey;
using support::bytes_of;
using support::must;
using support::Record;
using support::to_hex;

Bytes bytes_of_secret(const crypto::SharedSecret& secret) {
    return {secret.reveal().begin(), secret.reveal().end()};
}

std::optional<DecapsulationKey> key_from(ByteView seed) {
    if (seed.size() != crypto::kem_seed_size) return std::nullopt;
    return must(DecapsulationKey::from_seed(base::Secret<crypto::kem_seed_size>(seed.first<crypto::kem_seed_size>())));
}

std::optional<Bytes> decapsulate(ByteView seed, ByteView ciphertext) {
    const auto key = key_from(seed);
    if (!key) return std::nullopt;
    const auto secret = key->decapsulate(ciphertext);
    return secret ? std::optional(bytes_of_secret(*secret)) : std::nullopt;
}

std::optional<crypto::AeadNonce> nonce_of(ByteView bytes) {
    crypto::AeadNonce nonce{};
    if (bytes.size() != nonce.size()) return std::nullopt;
    std::copy(bytes.begin(), bytes.end(), nonce.begin());
    return nonce;
}

struct AeadVector {
    Bytes key;
    Bytes nonce;
    Bytes associated;
    Bytes plaintext;
    Bytes sealed;  // ciphertext || tag
    bool valid = true;
};

void check(const AeadVector& vector) {
    const auto nonce = nonce_of(vector.nonce);
    if (!nonce) {  // another size than 12 cannot even be said
        EXPECT_FALSE(vector.valid);
        return;
    }
    crypto::Aead aead(crypto::AeadKey(ByteView(vector.key).first<crypto::aead_key_size>()));
    std::string opened;
    EXPECT_EQ(aead.open(*nonce, vector.sealed, opened, vector.associated).has_value(), vector.valid);
    EXPECT_EQ(to_hex(base::as_bytes(opened)), vector.valid ? to_hex(vector.plaintext) : "");
    Bytes sealed;
    must(aead.seal(*nonce, vector.plaintext, sealed, vector.associated));
    EXPECT_EQ(to_hex(sealed) == to_hex(vector.sealed), vector.valid);
}

Bytes joined(Bytes front, ByteView back) {
    support::append(front, back);
    return front;
}

// --- Wycheproof ---

class Wycheproof : public testing::Test {
protected:
    using Check = std::function<void(json::Value test, bool valid)>;

    // Calls `check` with each test of the file. `numberOfTests` must all have been there.
    void run(const std::string& name, const Check& check) {
        const auto text = support::read_file(support::shared_vectors() / "wycheproof" / name);
        if (!text) GTEST_SKIP() << "no vectors: " << support::shared_vectors() / "wycheproof" / name;
        const auto document = must(json::parse(*text));
        std::size_t count = 0;
        for (const json::Value group : document.root()["testGroups"].elements()) {
            for (const json::Value test : group["tests"].elements()) {
                SCOPED_TRACE("tcId " + std::string(test["tcId"].as_number_text().value_or("?")));
                const auto result = test["result"].as_string();
                ASSERT_TRUE(result == "valid" || result == "invalid");
                check(test, result == "valid");
                ++count;
            }
        }
        EXPECT_EQ(static_cast<std::int64_t>(count), document.root()["numberOfTests"].as_integer());
        support::report_vectors(count, "wycheproof/" + name);
    }
};

TEST_F(Wycheproof, ml_kem_keygen_agrees) {
    run("mlkem_768_keygen_seed_test.json", [](json::Value test, bool valid) {
        ASSERT_TRUE(valid);
        const auto key = key_from(bytes_of(test["seed"]));
        ASSERT_TRUE(key);
        EXPECT_EQ(to_hex(key->public_key()), test["ek"].as_string());
    });
}

TEST_F(Wycheproof, ml_kem_encapsulation_agrees_and_bad_keys_are_refused) {
    run("mlkem_768_encaps_test.json", [](json::Value test, bool valid) {
        EXPECT_EQ(EncapsulationKey::parse(bytes_of(test["ek"])).has_value(), valid);
        const auto made = support::encapsulate_with(bytes_of(test["ek"]), bytes_of(test["m"]));
        ASSERT_EQ(made.has_value(), valid);
        if (!made) return;
        EXPECT_EQ(to_hex(made->ciphertext), test["c"].as_string());
        EXPECT_EQ(to_hex(made->shared_secret), test["K"].as_string());
    });
}

TEST_F(Wycheproof, ml_kem_decapsulation_agrees_implicit_rejection_included) {
    run("mlkem_768_test.json", [](json::Value test, bool valid) {
        const Bytes seed = bytes_of(test["seed"]);
        const auto secret = decapsulate(seed, bytes_of(test["c"]));
        ASSERT_EQ(secret.has_value(), valid);
        if (secret) {
            EXPECT_EQ(to_hex(*secret), test["K"].as_string());
        }
        if (test["ek"].present()) {
            EXPECT_EQ(to_hex(key_from(seed)->public_key()), test["ek"].as_string());
        }
    });
}

TEST_F(Wycheproof, ml_kem_decapsulation_with_expanded_keys_agrees) {
    run("mlkem_768_semi_expanded_decaps_test.json", [](json::Value test, bool valid) {
        const auto secret = support::decapsulate_expanded(bytes_of(test["dk"]), bytes_of(test["c"]));
        ASSERT_EQ(secret.has_value(), valid);
        if (secret) {
            EXPECT_EQ(to_hex(*secret), test["K"].as_string());
        }
    });
}

TEST_F(Wycheproof, chacha20_poly1305_agrees) {
    run("chacha20_poly1305_test.json", [](json::Value test, bool valid) {
        check({bytes_of(test["key"]), bytes_of(test["iv"]), bytes_of(test["aad"]), bytes_of(test["msg"]),
               joined(bytes_of(test["ct"]), bytes_of(test["tag"])), valid});
    });
}

TEST_F(Wycheproof, hkdf_sha256_agrees) {
    run("hkdf_sha256_test.json", [](json::Value test, bool valid) {
        const Bytes key_material = bytes_of(test["ikm"]);
        const Bytes salt = bytes_of(test["salt"]);
        const Bytes info = bytes_of(test["info"]);
        Bytes output(static_cast<std::size_t>(test["size"].as_integer().value()));
        ASSERT_EQ(crypto::hkdf_sha256({key_material, salt, info}, output).has_value(), valid);
        if (valid) {
            EXPECT_EQ(to_hex(output), test["okm"].as_string());
        }
    });
}

// --- CCTV ---

class Cctv : public testing::Test {
protected:
    std::optional<std::string> read(const std::string& name) {
        return support::read_file(support::shared_vectors() / "cctv" / name);
    }
};

// A ciphertext that differs from the re-encrypted one only behind a zero byte.
TEST_F(Cctv, ml_kem_compares_ciphertexts_beyond_a_zero_byte) {
    const auto text = read("ml-kem-768-strcmp.txt");
    if (!text) GTEST_SKIP() << "no vectors: " << support::shared_vectors() / "cctv";
    const auto records = support::records_of(*text, "dk");
    ASSERT_EQ(records.size(), 1U);
    const auto secret = support::decapsulate_expanded(records[0].bytes("dk"), records[0].bytes("c"));
    ASSERT_TRUE(secret);
    EXPECT_EQ(to_hex(*secret), records[0].text("K"));
    support::report_vectors(records.size(), "cctv/ml-kem-768-strcmp.txt");
}

// A key whose matrix takes more of the XOF's output than almost any other. The file is older than FIPS 203, whose key
// generation also hashes k (§5.1), so that its seed makes another key now; encapsulation and decapsulation have not changed.
TEST_F(Cctv, ml_kem_samples_on_where_sampling_is_unlucky) {
    const auto text = read("ml-kem-768-unluckysample.txt");
    if (!text) GTEST_SKIP() << "no vectors: " << support::shared_vectors() / "cctv";
    const auto records = support::records_of(*text, "d");
    ASSERT_EQ(records.size(), 1U);
    const Record& vector = records[0];
    const auto made = support::encapsulate_with(vector.bytes("ek"), vector.bytes("m"));
    ASSERT_TRUE(made);
    EXPECT_EQ(to_hex(made->ciphertext), vector.text("c"));
    EXPECT_EQ(to_hex(made->shared_secret), vector.text("K"));
    EXPECT_EQ(support::decapsulate_expanded(vector.bytes("dk"), vector.bytes("c")), vector.bytes("K"));
    support::report_vectors(records.size(), "cctv/ml-kem-768-unluckysample.txt");
}

// One key for each coefficient that can be too large, and for each value it can have.
TEST_F(Cctv, ml_kem_refuses_every_key_with_a_coefficient_not_below_the_modulus) {
    const auto packed = read("ml-kem-768-modulus.txt.gz");
    if (!packed) GTEST_SKIP() << "no vectors: " << support::shared_vectors() / "cctv";
    const std::string text = must(crypto::gunzip(base::as_bytes(*packed), 16 << 20));
    std::size_t count = 0;
    for (std::string_view rest = text; !rest.empty(); ++count) {
        const Bytes key = support::from_hex(rest.substr(0, rest.find('\n')));
        rest.remove_prefix(std::min(rest.find('\n') + 1, rest.size()));
        ASSERT_EQ(key.size(), crypto::kem_public_key_size);
        EXPECT_FALSE(EncapsulationKey::parse(key)) << "line " << count + 1;
    }
    EXPECT_GT(count, 0U);
    support::report_vectors(count, "cctv/ml-kem-768-modulus.txt.gz");
}

// --- the Python package ---

class PythonVectors : public testing::Test {
protected:
    void run(const std::string& name, const char* first, const std::function<void(const Record&)>& check) {
        const auto text = support::read_file(support::python_vectors() / name);
        if (!text) GTEST_SKIP() << "no vectors: " << support::python_vectors() / name << " (scripts/deps test installs them)";
        const auto records = support::records_of(*text, first);
        EXPECT_FALSE(records.empty());
        for (const Record& record : records) {
            SCOPED_TRACE("record " + record.text(first));
            check(record);
        }
        support::report_vectors(records.size(), "cryptography_vectors/" + name);
    }
};

TEST_F(PythonVectors, ml_kem_agrees_from_seed_to_rejection) {
    run("asymmetric/MLKEM/kat_MLKEM_768.rsp", "count", [](const Record& vector) {
        const Bytes seed = joined(vector.bytes("d"), vector.bytes("z"));
        EXPECT_EQ(to_hex(key_from(seed)->public_key()), vector.text("pk"));
        const auto made = support::encapsulate_with(vector.bytes("pk"), vector.bytes("msg"));
        ASSERT_TRUE(made);
        EXPECT_EQ(to_hex(made->ciphertext), vector.text("ct"));
        EXPECT_EQ(to_hex(made->shared_secret), vector.text("ss"));
        EXPECT_EQ(decapsulate(seed, vector.bytes("ct")), vector.bytes("ss"));
        EXPECT_EQ(decapsulate(seed, vector.bytes("ct_n")), vector.bytes("ss_n"));
    });
}

void check_hkdf(const Record& vector) {
    ASSERT_EQ(vector.text("Hash"), "SHA-256");
    const Bytes key_material = vector.bytes("IKM");
    const Bytes salt = vector.bytes("salt");
    const Bytes info = vector.bytes("info");
    Bytes output(std::stoul(vector.text("L")));
    must(crypto::hkdf_sha256({key_material, salt, info}, output));
    EXPECT_EQ(to_hex(output), vector.text("OKM"));
}
TEST_F(PythonVectors, hkdf_agrees_with_the_rfc) {
    run("KDF/rfc-5869-HKDF-SHA256.txt", "COUNT", check_hkdf);
}
TEST_F(PythonVectors, hkdf_agrees_over_a_long_output) {
    run("KDF/hkdf-generated.txt", "COUNT", check_hkdf);
}

TEST_F(PythonVectors, chacha20_poly1305_agrees_with_boringssl) {
    run("ciphers/ChaCha20Poly1305/boringssl.txt", "COUNT", [](const Record& vector) {
        check({vector.bytes("KEY"), vector.bytes("NONCE"), vector.bytes("AD"), vector.bytes("IN"),
               joined(vector.bytes("CT"), vector.bytes("TAG"))});
    });
}

TEST_F(PythonVectors, chacha20_poly1305_agrees_with_openssl) {
    run("ciphers/ChaCha20Poly1305/openssl.txt", "COUNT", [](const Record& vector) {
        check({vector.bytes("Key"), vector.bytes("IV"), vector.bytes("AAD"), vector.bytes("Plaintext"),
               joined(vector.bytes("Ciphertext"), vector.bytes("Tag")), !vector.has("Result")});
    });
}

}  // namespace
