#include "discovery/catalogue.h"

#include "base/limits.h"
#include "json/json.h"

#include <gtest/gtest.h>

#include <string>

namespace discovery {
namespace {

using base::ErrorKind;

constexpr std::string_view list = R"({"object":"list","data":[
    {"id":"deepseek-ai/DeepSeek-V3.1-TEE","root":"deepseek-ai/DeepSeek-V3.1","chute_id":"aaaaaaaa-0000-4000-8000-000000000001","created":10,"confidential_compute":true},
    {"id":"deepseek-ai/DeepSeek-V3.1","root":"deepseek-ai/DeepSeek-V3.1","chute_id":"aaaaaaaa-0000-4000-8000-000000000002","created":20,"confidential_compute":false},
    {"id":"Qwen/Qwen3-32B","root":"Qwen/Qwen3-32B","chute_id":"aaaaaaaa-0000-4000-8000-000000000003","created":5},
    {"id":"org/Old-TEE","root":"org/Base","chute_id":"aaaaaaaa-0000-4000-8000-000000000004","created":1,"confidential_compute":true},
    {"id":"org/New-TEE","root":"org/Base","chute_id":"aaaaaaaa-0000-4000-8000-000000000005","created":2,"confidential_compute":true},
    {"id":"org/Odd:THINKING","root":"x","chute_id":"aaaaaaaa-0000-4000-8000-000000000006","created":2,"confidential_compute":true}
]})";

const Catalogue& catalogue() {
    static const Catalogue parsed = *Catalogue::parse(list);
    return parsed;
}

Aliases aliases(std::string_view json) {
    return *Aliases::parse(json);
}

std::string model_of(const Resolution& resolution) {
    const auto* target = std::get_if<Target>(&resolution);
    return target == nullptr ? "no target" : target->model.text();
}

base::Error error_of(const Resolution& resolution) {
    const auto* error = std::get_if<base::Error>(&resolution);
    return error == nullptr ? base::Error{ErrorKind::internal, "no error"} : *error;
}

std::string one_row(std::string_view members) {
    return "{\"data\":[{" + std::string(members) + "}]}";
}

TEST(resolve, an_exact_id_beats_a_root_of_that_name) {
    const Resolution found = resolve("deepseek-ai/DeepSeek-V3.1", catalogue(), nullptr);
    EXPECT_EQ(found, Resolution(Target{base::ModelName("deepseek-ai/DeepSeek-V3.1"),
                                       base::ChuteId("aaaaaaaa-0000-4000-8000-000000000002"), false, false}));
}

TEST(resolve, the_thinking_suffix_is_taken_off_and_reported) {
    const Resolution found = resolve("deepseek-ai/DeepSeek-V3.1-TEE:THINKING", catalogue(), nullptr);
    EXPECT_EQ(found, Resolution(Target{base::ModelName("deepseek-ai/DeepSeek-V3.1-TEE"),
                                       base::ChuteId("aaaaaaaa-0000-4000-8000-000000000001"), true, true}));
}

TEST(resolve, a_model_whose_id_ends_in_the_suffix_keeps_it) {
    EXPECT_EQ(model_of(resolve("org/Odd:THINKING", catalogue(), nullptr)), "org/Odd:THINKING");
    EXPECT_FALSE(std::get<Target>(resolve("org/Odd:THINKING", catalogue(), nullptr)).thinking);
}

TEST(resolve, a_root_means_its_newest_model) {
    EXPECT_EQ(model_of(resolve("org/Base", catalogue(), nullptr)), "org/New-TEE");
    EXPECT_EQ(model_of(resolve("org/Base:THINKING", catalogue(), nullptr)), "org/New-TEE");
}

TEST(resolve, a_chute_id_means_its_model_and_keeps_the_confidential_mark) {
    EXPECT_EQ(model_of(resolve("aaaaaaaa-0000-4000-8000-000000000001", catalogue(), nullptr)), "deepseek-ai/DeepSeek-V3.1-TEE");
    EXPECT_FALSE(std::get<Target>(resolve("aaaaaaaa-0000-4000-8000-000000000003", catalogue(), nullptr)).confidential);
}

TEST(resolve, an_alias_is_asked_for_only_when_the_list_does_not_know_the_name) {
    EXPECT_EQ(resolve("fast", catalogue(), nullptr), Resolution(NeedsAliases{}));
    const Aliases known = aliases(R"([{"alias":"fast","chute_ids":["aaaaaaaa-0000-4000-8000-000000000003"]},
                                      {"alias":"Qwen/Qwen3-32B","chute_ids":["aaaaaaaa-0000-4000-8000-000000000001"]}])");
    EXPECT_EQ(model_of(resolve("fast", catalogue(), &known)), "Qwen/Qwen3-32B");
    EXPECT_TRUE(std::get<Target>(resolve("fast:THINKING", catalogue(), &known)).thinking);
    EXPECT_EQ(model_of(resolve("Qwen/Qwen3-32B", catalogue(), &known)), "Qwen/Qwen3-32B");
}

TEST(resolve, an_alias_of_several_targets_is_refused) {
    const Aliases known = aliases(
        R"([{"alias":"two","chute_ids":["aaaaaaaa-0000-4000-8000-000000000001","aaaaaaaa-0000-4000-8000-000000000003"]}])");
    const auto error = error_of(resolve("two", catalogue(), &known));
    EXPECT_EQ(error.kind, ErrorKind::bad_request);
    EXPECT_NE(error.detail.find("the encrypted path needs one target"), std::string::npos) << error.detail;
}

TEST(resolve, an_alias_that_names_one_chute_twice_has_one_target) {
    const Aliases known = aliases(
        R"([{"alias":"one","chute_ids":["aaaaaaaa-0000-4000-8000-000000000001","aaaaaaaa-0000-4000-8000-000000000001"]}])");
    EXPECT_EQ(model_of(resolve("one", catalogue(), &known)), "deepseek-ai/DeepSeek-V3.1-TEE");
}

TEST(resolve, an_alias_of_a_chute_outside_the_list_is_not_found) {
    const Aliases known = aliases(R"([{"alias":"gone","chute_ids":["ffffffff-0000-4000-8000-000000000001"]}])");
    EXPECT_EQ(error_of(resolve("gone", catalogue(), &known)).kind, ErrorKind::not_found);
}

TEST(resolve, what_asks_for_several_targets_is_refused_without_asking_for_aliases) {
    for (const char* name : {"a,b", "Qwen/Qwen3-32B,org/New-TEE", "Qwen/Qwen3-32B:latency", "Qwen/Qwen3-32B:throughput",
                             "Qwen/Qwen3-32B:THINKING:latency", "Qwen/Qwen3-32B:latency:THINKING", "org/Base,"}) {
        const auto error = error_of(resolve(name, catalogue(), nullptr));
        EXPECT_EQ(error.kind, ErrorKind::bad_request) << name;
        EXPECT_NE(error.detail.find("the encrypted path needs one target"), std::string::npos) << name;
    }
}

TEST(resolve, an_unknown_name_is_answered_with_the_nearest_ones) {
    const Aliases none;
    const auto error = error_of(resolve("deepseek-ai/deepseek-v3.1-tee", catalogue(), &none));
    EXPECT_EQ(error.kind, ErrorKind::not_found);
    EXPECT_EQ(error.detail,
              "model 'deepseek-ai/deepseek-v3.1-tee' is not in the model list; did you mean "
              "'deepseek-ai/DeepSeek-V3.1-TEE' or 'deepseek-ai/DeepSeek-V3.1'?");
    EXPECT_EQ(error_of(resolve("something entirely different", catalogue(), &none)).detail,
              "model 'something entirely different' is not in the model list");
}

TEST(resolve, a_name_that_cannot_be_one_is_refused_without_repeating_it) {
    for (const std::string& name : {std::string(), std::string("a\nb"), std::string(base::limits::model_name_max + 1, 'x')}) {
        const auto error = error_of(resolve(name, catalogue(), nullptr));
        EXPECT_EQ(error.kind, ErrorKind::bad_request);
        EXPECT_LT(error.detail.size(), 100U);
    }
}

TEST(catalogue, only_a_boolean_true_is_confidential) {
    for (const char* value : {"false", "null", "1", "\"true\"", "[true]", "{}"}) {
        const auto parsed =
            Catalogue::parse(one_row(R"("id":"m","chute_id":"c","confidential_compute":)" + std::string(value)));
        ASSERT_TRUE(parsed) << value;
        EXPECT_FALSE(parsed->models()[0].confidential) << value;
    }
    EXPECT_TRUE(Catalogue::parse(one_row(R"("id":"m","chute_id":"c","confidential_compute":true)"))->models()[0].confidential);
}

TEST(catalogue, a_row_that_could_harm_a_header_or_a_path_is_skipped) {
    for (const char* row :
         {R"("id":"m","chute_id":"a\r\nX-Evil: 1")", R"("id":"m","chute_id":"../e2e")", R"("id":"m","chute_id":"a b")",
          R"("id":"m","chute_id":"")", R"("id":"m","chute_id":"a?b")", R"("id":"m","chute_id":"\u0000")",
          R"("id":"m","chute_id":7)", R"("id":"m")", R"("id":"","chute_id":"c")", R"("id":"a\nb","chute_id":"c")",
          R"("chute_id":"c")", R"("id":"m","chute_id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")"}) {
        const auto parsed = Catalogue::parse("{\"data\":[{" + std::string(row) + "},{\"id\":\"good\",\"chute_id\":\"c\"}]}");
        ASSERT_TRUE(parsed) << row;
        ASSERT_EQ(parsed->models().size(), 1U) << row;
        EXPECT_EQ(parsed->models()[0].name.text(), "good");
    }
}

TEST(catalogue, a_document_that_is_not_a_model_list_is_refused) {
    for (const char* text :
         {"", "<html>", "[]", "{}", "{\"data\":{}}", "{\"data\":null}", R"({"data":[{"id":"m"}]})", R"({"data":[1]})"}) {
        const auto parsed = Catalogue::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().kind, ErrorKind::upstream_broken);
    }
    EXPECT_TRUE(Catalogue::parse("{\"data\":[]}"));
}

TEST(catalogue, a_list_over_the_limit_is_refused) {
    json::Writer writer;
    writer.begin_object().key("data").begin_array();
    for (std::size_t i = 0; i <= base::limits::catalogue_models_max; ++i) {
        writer.begin_object().member("id", "m" + std::to_string(i)).member("chute_id", "c" + std::to_string(i)).end_object();
    }
    EXPECT_FALSE(Catalogue::parse(writer.end_array().end_object().text()));
}

TEST(catalogue, of_two_rows_with_one_id_the_newer_counts) {
    for (const char* rows : {R"({"id":"m","chute_id":"old","created":1},{"id":"m","chute_id":"new","created":2})",
                             R"({"id":"m","chute_id":"new","created":2},{"id":"m","chute_id":"old","created":1})"}) {
        EXPECT_EQ(Catalogue::parse("{\"data\":[" + std::string(rows) + "]}")->by_name("m")->chute.text(), "new");
    }
}

TEST(aliases, a_row_with_one_bad_chute_does_not_become_an_alias_of_the_others) {
    const Aliases parsed =
        aliases(R"([{"alias":"a","chute_ids":["c1","bad id"]},{"alias":"b","chute_ids":[]},{"alias":"c","chute_ids":"c1"},
                                       {"chute_ids":["c1"]},5,{"alias":"d","chute_ids":["c1"]}])");
    for (const char* skipped : {"a", "b", "c"}) EXPECT_EQ(parsed.find(skipped), nullptr) << skipped;
    ASSERT_NE(parsed.find("d"), nullptr);
}

TEST(aliases, a_document_that_is_not_a_list_is_refused) {
    for (const char* text : {"", "{}", "null", "[", "\"x\""}) {
        ASSERT_FALSE(Aliases::parse(text)) << text;
        EXPECT_EQ(Aliases::parse(text).error().kind, ErrorKind::upstream_broken);
    }
}

TEST(not_confidential, says_what_the_original_says) {
    EXPECT_EQ(
        not_confidential(base::ModelName("Qwen/Qwen3-32B")),
        (base::Error{ErrorKind::bad_request,
                     "model 'Qwen/Qwen3-32B' is not running in confidential compute (TEE). E2EE requires confidential compute "
                     "to guarantee privacy. Set ALLOW_NON_CONFIDENTIAL=true to override."}));
}

}  // namespace
}  // namespace discovery
