#include "options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

using Variables = std::map<std::string, std::string>;

base::Result<CommandLine> parse(std::vector<const char*> arguments, const Variables& variables = {}) {
    arguments.insert(arguments.begin(), "e2ee-proxy");
    return parse_command_line(static_cast<int>(arguments.size()), arguments.data(), [&](const char* name) -> const char* {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
    });
}

Options good(std::vector<const char*> arguments, const Variables& variables = {}) {
    auto line = parse(std::move(arguments), variables);
    EXPECT_TRUE(line) << line.error().detail;
    return line ? std::move(line->options) : Options();
}

std::string problem(std::vector<const char*> arguments, const Variables& variables = {}) {
    const auto line = parse(std::move(arguments), variables);
    EXPECT_FALSE(line);
    return line ? "" : line.error().detail;
}

// A file that is gone when the test is over.
class TemporaryFile {
public:
    explicit TemporaryFile(std::string_view content)
        : path_(testing::TempDir() + "e2ee-options-" + testing::UnitTest::GetInstance()->current_test_info()->name()) {
        std::ofstream(path_) << content;
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() { std::filesystem::remove(path_); }
    [[nodiscard]] const char* path() const { return path_.c_str(); }

private:
    std::string path_;
};

TEST(options, without_any_word_the_proxy_serves_on_loopback_with_the_documented_defaults) {
    const auto line = parse({});
    ASSERT_TRUE(line);
    EXPECT_EQ(line->command, "serve");
    EXPECT_EQ(line->options.listen, (net::ListenAddress{"127.0.0.1", 8443}));
    EXPECT_EQ(line->options.models_upstream, (net::Origin{net::Scheme::https, "llm.chutes.ai", 443}));
    EXPECT_EQ(line->options.api_upstream, (net::Origin{net::Scheme::https, "api.chutes.ai", 443}));
    EXPECT_FALSE(line->options.allow_non_confidential);
    EXPECT_FALSE(line->options.plain_listen);
    EXPECT_EQ(line->options.max_body, 64U << 20U);
    EXPECT_EQ(line->options.idle_timeout, 1800s);
    EXPECT_GE(line->options.workers, 1U);
}

TEST(options, a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default) {
    const TemporaryFile file("max-in-flight = 3\nmax-connections = 3\nlog-level = \"error\"\n");
    const Variables variables = {{"E2EE_MAX_IN_FLIGHT", "2"}, {"E2EE_MAX_CONNECTIONS", "2"}};
    const Options options = good({"--config", file.path(), "--max-in-flight", "1"}, variables);
    EXPECT_EQ(options.max_in_flight, 1U);
    EXPECT_EQ(options.max_connections, 2U);
    EXPECT_EQ(options.log_level, base::LogLevel::error);
    EXPECT_EQ(options.log_format, base::LogFormat::text);
}

TEST(options, an_empty_variable_counts_as_unset) {
    EXPECT_EQ(good({}, {{"E2EE_LISTEN", ""}}).listen.port, 8443);
    EXPECT_FALSE(good({}, {{"TLS_SELF_SIGNED", ""}}).tls_self_signed);
}

TEST(options, a_switch_alone_means_true_and_can_be_told_false) {
    EXPECT_TRUE(good({"--tls-self-signed"}).tls_self_signed);
    EXPECT_FALSE(good({"--tls-self-signed=false"}, {{"TLS_SELF_SIGNED", "true"}}).tls_self_signed);
    EXPECT_TRUE(good({}, {{"ALLOW_NON_CONFIDENTIAL", "TRUE"}}).allow_non_confidential);
}

TEST(options, options_may_stand_before_or_behind_the_command) {
    EXPECT_EQ(good({"serve", "--workers", "3"}).workers, 3U);
    EXPECT_EQ(good({"--workers", "3", "serve"}).workers, 3U);
}

struct BadCase {
    const char* variable;
    const char* value;
};

class BadValue : public testing::TestWithParam<BadCase> {};

TEST_P(BadValue, stops_the_start_and_is_named) {
    EXPECT_THAT(problem({}, {{GetParam().variable, GetParam().value}}), HasSubstr(GetParam().variable));
}

INSTANTIATE_TEST_SUITE_P(options, BadValue,
                         testing::Values(BadCase{"TLS_SELF_SIGNED", "maybe"}, BadCase{"E2EE_LISTEN", "8443"},
                                         BadCase{"E2EE_LISTEN", "localhost:8443"}, BadCase{"E2EE_LISTEN", "127.0.0.1:99999"},
                                         BadCase{"E2EE_LISTEN", "::1:8443"}, BadCase{"E2EE_LISTEN", "off"},
                                         BadCase{"CHUTES_UPSTREAM", "llm.chutes.ai"},
                                         BadCase{"CHUTES_UPSTREAM", "http://llm.chutes.ai"},
                                         BadCase{"CHUTES_E2E_UPSTREAM", "https://api.chutes.ai/path"},
                                         BadCase{"CHUTES_E2E_UPSTREAM", "https://user@host"},
                                         BadCase{"CHUTES_E2E_UPSTREAM", "https://"},
                                         BadCase{"HTTPS_PROXY", "proxy.example:3128"}, BadCase{"HTTPS_PROXY", "ftp://proxy"},
                                         BadCase{"E2EE_MAX_BODY", "64 apples"}, BadCase{"E2EE_MAX_BODY", "1"},
                                         BadCase{"E2EE_MAX_BODY", "99999999999GiB"}, BadCase{"E2EE_WORKERS", "0"},
                                         BadCase{"E2EE_WORKERS", "many"}, BadCase{"E2EE_CONNECT_TIMEOUT", "0s"},
                                         BadCase{"E2EE_IDLE_TIMEOUT", "-5s"}, BadCase{"E2EE_LOG_LEVEL", "loud"},
                                         BadCase{"E2EE_LOG_FORMAT", "xml"}, BadCase{"CHUTES_API_KEY_FILE", "/nonexistent"},
                                         BadCase{"CHUTES_API_KEY", "two words"}, BadCase{"TLS_CERT", "only-a-cert.pem"},
                                         BadCase{"TLS_CA", "only-a-ca.pem"}, BadCase{"E2EE_PLAIN_LISTEN", "0.0.0.0:80"}));

TEST(options, units_are_read) {
    EXPECT_EQ(good({"--max-body", "2MiB"}).max_body, 2U << 20U);
    EXPECT_EQ(good({"--connect-timeout", "1500ms"}).connect_timeout, 1500ms);
    EXPECT_EQ(good({"--connect-timeout", "7"}).connect_timeout, 7s);
    EXPECT_EQ(good({"--drain-timeout", "2m"}).drain_timeout, 120s);
}

TEST(options, plain_http_leaves_loopback_only_on_an_explicit_word) {
    EXPECT_TRUE(good({"--plain-listen", "[::1]:8080"}).plain_listen);
    EXPECT_TRUE(good({"--plain-listen", "0.0.0.0:8080", "--unsafe-plain-anywhere"}).plain_listen);
}

TEST(options, an_upstream_may_be_plain_http_only_on_loopback) {
    EXPECT_EQ(good({"--api-upstream", "http://127.0.0.1:9000"}).api_upstream,
              (net::Origin{net::Scheme::http, "127.0.0.1", 9000}));
    EXPECT_EQ(good({"--api-upstream", "https://[::1]:9000/"}).api_upstream, (net::Origin{net::Scheme::https, "::1", 9000}));
}

TEST(options, unknown_flags_commands_and_file_keys_are_errors) {
    EXPECT_THAT(problem({"--lisen", "x"}), HasSubstr("--lisen"));
    EXPECT_THAT(problem({"srve"}), HasSubstr("srve"));
    const TemporaryFile file("lisen = \"127.0.0.1:1\"\n");
    EXPECT_THAT(problem({"--config", file.path()}), HasSubstr("lisen"));
    EXPECT_THAT(problem({"--config", "/nonexistent"}), HasSubstr("/nonexistent"));
}

TEST(options, a_key_to_lend_needs_tokens_and_the_other_way_round) {
    const TemporaryFile tokens("# people\ntoken-one\n\ntoken-two\n");
    const Options options = good({"--client-tokens-file", tokens.path()}, {{"CHUTES_API_KEY", "cpk_x"}});
    ASSERT_EQ(options.client_tokens.size(), 2U);
    EXPECT_EQ(options.client_tokens[1].reveal(), "token-two");
    EXPECT_THAT(problem({}, {{"CHUTES_API_KEY", "cpk_x"}}), HasSubstr("E2EE_CLIENT_TOKENS_FILE"));
    EXPECT_THAT(problem({"--client-tokens-file", tokens.path()}), HasSubstr("CHUTES_API_KEY"));
}

TEST(options, an_error_about_a_key_does_not_quote_it) {
    EXPECT_THAT(problem({}, {{"CHUTES_API_KEY", "cpk planted secret"}}), testing::Not(HasSubstr("planted")));
}

TEST(options, help_names_every_flag_and_variable) {
    const auto line = parse({"--help"});
    ASSERT_TRUE(line);
    for (const char* word : {"--listen", "E2EE_LISTEN", "TLS_SELF_SIGNED", "CHUTES_API_KEY", "HTTPS_PROXY", "serve", "demo"}) {
        EXPECT_THAT(line->text, HasSubstr(word));
    }
}

}  // namespace
