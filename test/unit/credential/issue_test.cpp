#include "credential/issue.h"

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <ctime>
#include <memory>
#include <string>

namespace {

using namespace credential;
using std::chrono::system_clock;

const system_clock::time_point now = system_clock::from_time_t(1'790'000'000);

Issued issue_for(std::vector<std::string> names) {
    return issue({.names = std::move(names), .now = now}).value();
}

// What a client does that trusts only `ca`.
int verify(X509* ca, X509* leaf, const std::string& host) {
    const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), X509_STORE_free);
    X509_STORE_add_cert(store.get(), ca);
    const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(), X509_STORE_CTX_free);
    X509_STORE_CTX_init(context.get(), store.get(), leaf, nullptr);
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
    X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_time(parameters, system_clock::to_time_t(now));
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
    if (is_ip_address(host)) {
        X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str());
    } else {
        X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size());
    }
    X509_verify_cert(context.get());
    return X509_STORE_CTX_get_error(context.get());
}

TEST(issue, a_client_that_trusts_the_ca_accepts_the_leaf_for_each_of_its_names) {
    const Issued issued = issue_for({"proxy.example", "*.wild.example", "127.0.0.1", "::1"});
    for (const char* host : {"proxy.example", "a.wild.example", "127.0.0.1", "::1"}) {
        EXPECT_EQ(verify(issued.ca.get(), issued.leaf.get(), host), X509_V_OK) << host;
    }
}

TEST(issue, a_client_refuses_the_leaf_for_another_name_or_address) {
    const Issued issued = issue_for({"proxy.example", "127.0.0.1"});
    EXPECT_EQ(verify(issued.ca.get(), issued.leaf.get(), "other.example"), X509_V_ERR_HOSTNAME_MISMATCH);
    EXPECT_EQ(verify(issued.ca.get(), issued.leaf.get(), "127.0.0.2"), X509_V_ERR_IP_ADDRESS_MISMATCH);
}

TEST(issue, a_client_that_trusts_another_ca_refuses_the_leaf) {
    const Issued issued = issue_for({"localhost"});
    EXPECT_NE(verify(issue_for({"localhost"}).ca.get(), issued.leaf.get(), "localhost"), X509_V_OK);
}

TEST(issue, the_leaf_is_a_p256_server_that_can_sign_no_certificate) {
    const Issued issued = issue_for({"localhost"});
    EXPECT_EQ(X509_check_ca(issued.leaf.get()), 0);
    EXPECT_EQ(X509_get_extended_key_usage(issued.leaf.get()), XKU_SSL_SERVER);
    EXPECT_EQ(X509_get_key_usage(issued.leaf.get()), KU_DIGITAL_SIGNATURE);
    EXPECT_EQ(EVP_PKEY_get_bits(issued.key.get()), 256);
    EXPECT_EQ(X509_check_private_key(issued.leaf.get(), issued.key.get()), 1);
    EXPECT_NE(X509_get0_subject_key_id(issued.leaf.get()), nullptr);
    EXPECT_EQ(ASN1_STRING_cmp(X509_get0_authority_key_id(issued.leaf.get()), X509_get0_subject_key_id(issued.ca.get())), 0);
}

TEST(issue, the_leaf_lives_at_most_397_days_and_the_ca_longer) {
    const Issued issued = issue_for({"localhost"});
    int days = 0;
    int seconds = 0;
    ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(issued.leaf.get()), X509_get0_notAfter(issued.leaf.get()));
    EXPECT_EQ(days * 86400 + seconds, 397 * 86400);
    EXPECT_EQ(ASN1_TIME_compare(X509_get0_notAfter(issued.ca.get()), X509_get0_notAfter(issued.leaf.get())), 1);
}

TEST(issue, no_two_of_them_share_a_key_a_serial_number_or_the_name_of_the_ca) {
    const Issued one = issue_for({"localhost"});
    const Issued two = issue_for({"localhost"});
    EXPECT_NE(EVP_PKEY_eq(one.key.get(), two.key.get()), 1);
    EXPECT_NE(ASN1_INTEGER_cmp(X509_get0_serialNumber(one.leaf.get()), X509_get0_serialNumber(two.leaf.get())), 0);
    EXPECT_NE(X509_NAME_cmp(X509_get_subject_name(one.ca.get()), X509_get_subject_name(two.ca.get())), 0);
}

TEST(issue, names_that_no_client_could_match_are_refused) {
    const std::string long_label(64, 'a');
    std::string long_name;
    while (long_name.size() <= 253) long_name += "label.";
    for (const std::string& name :
         {std::string(), std::string("a..b"), std::string("a."), std::string(".a"), std::string("-a.example"),
          std::string("a-.example"), std::string("a b"), std::string("a,DNS:b"), std::string("bücher.example"),
          std::string("*"), std::string("*.com"), std::string("a.*.example"), std::string("w*.example.org"),
          std::string("999.1.1.1"), std::string("[::1]"), std::string("a\0b", 3), long_label, long_name + "x"}) {
        const auto refused = issue({.names = {name}, .now = now});
        ASSERT_FALSE(refused.has_value()) << name;
        EXPECT_EQ(refused.error().kind, base::ErrorKind::invalid_configuration);
        EXPECT_FALSE(name_objection(name).empty()) << name;
    }
}

TEST(issue, names_that_occur_in_practice_are_taken) {
    for (const char* name : {"localhost", "myproxy.local", "my_proxy", "e2ee-local-proxy.chutes.dev", "*.example.org",
                             "xn--bcher-kva.example", "10.0.0.7", "fd00::1", "3com.example", "A.Example"}) {
        EXPECT_EQ(name_objection(name), "") << name;
    }
}

}  // namespace
