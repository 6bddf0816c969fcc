#include "discovery/keyed_hash.h"

#include "discovery/support.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace discovery {
namespace {

KeyedHasher hasher(std::uint8_t number) {
    base::Secret<32> key;
    key.fill()[0] = number;
    return KeyedHasher(std::move(key));
}

const base::ModelName model("m");

TEST(keyed_hash, one_credential_has_one_hash_and_another_has_another) {
    const KeyedHasher h = hasher(1);
    EXPECT_EQ(h.credential(base::ApiKey("cpk_a")), h.credential(base::ApiKey("cpk_a")));
    EXPECT_NE(h.credential(base::ApiKey("cpk_a")), h.credential(base::ApiKey("cpk_b")));
}

TEST(keyed_hash, another_process_key_gives_other_hashes) {
    EXPECT_NE(hasher(1).credential(base::ApiKey("cpk_a")), hasher(2).credential(base::ApiKey("cpk_a")));
    EXPECT_NE(hasher(1).conversation(test::credential(1), model, {.session = "s"}),
              hasher(2).conversation(test::credential(1), model, {.session = "s"}));
}

TEST(conversation, the_first_hint_given_decides) {
    const KeyedHasher h = hasher(1);
    const auto key = [&](const ConversationHints& hints) { return *h.conversation(test::credential(1), model, hints); };
    const ConversationHints all{"session", "cache", "user", "system", "first"};
    EXPECT_EQ(key(all), key({.session = "session"}));
    EXPECT_EQ(key({"", "cache", "user", "system", "first"}), key({.prompt_cache_key = "cache"}));
    EXPECT_EQ(key({"", "", "user", "system", "first"}), key({.user = "user"}));
    EXPECT_EQ(key({"", "", "", "system", "first"}), key({.system_prompt = "system", .first_user_message = "first"}));
}

TEST(conversation, a_text_means_another_conversation_in_each_place) {
    const KeyedHasher h = hasher(1);
    std::set<std::array<std::uint8_t, 16>> keys;
    for (const ConversationHints& hints :
         {ConversationHints{.session = "x"}, ConversationHints{.prompt_cache_key = "x"}, ConversationHints{.user = "x"},
          ConversationHints{.system_prompt = "x"}, ConversationHints{.first_user_message = "x"},
          ConversationHints{.system_prompt = "x", .first_user_message = "x"}, ConversationHints{.first_user_message = "xx"}}) {
        keys.insert(h.conversation(test::credential(1), model, hints)->bytes);
    }
    EXPECT_EQ(keys.size(), 7U);
}

TEST(conversation, credentials_and_models_never_share_one) {
    const KeyedHasher h = hasher(1);
    const ConversationHints hints{.session = "s"};
    EXPECT_NE(h.conversation(test::credential(1), model, hints), h.conversation(test::credential(2), model, hints));
    EXPECT_NE(h.conversation(test::credential(1), model, hints),
              h.conversation(test::credential(1), base::ModelName("n"), hints));
}

TEST(conversation, without_any_hint_there_is_none) {
    EXPECT_EQ(hasher(1).conversation(test::credential(1), model, {}), std::nullopt);
}

}  // namespace
}  // namespace discovery
