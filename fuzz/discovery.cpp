// What the relay says of models, aliases and instances: only what is safe in a header or a path becomes a type, and a name
// becomes one target of the list or words.
//   model list · 0xff · aliases · 0xff · requested name · 0xff · instances, where a TAB stands for a good key
#include "base/base64.h"
#include "base/limits.h"
#include "discovery/catalogue.h"
#include "discovery/instances.h"
#include "discovery/token.h"
#include "support.h"

#include <algorithm>
#include <array>

namespace {

using base::ErrorKind;
using discovery::is_id;
using fuzz::require;

void check_target(const discovery::Target& target, std::string_view requested, const discovery::Catalogue& catalogue) {
    const auto same = [&](const discovery::Model& model) {
        return model.name == target.model && model.chute == target.chute && model.confidential == target.confidential;
    };
    require(std::ranges::any_of(catalogue.models(), same), "a target is a row of the list, confidential only as the row says");
    require(!target.thinking || requested.ends_with(":THINKING"), "thinking is asked for by name");
}

void check_resolution(std::string_view requested, const discovery::Catalogue& catalogue, const discovery::Aliases* aliases) {
    const discovery::Resolution found = discovery::resolve(requested, catalogue, aliases);
    if (const auto* target = std::get_if<discovery::Target>(&found)) {
        check_target(*target, requested, catalogue);
    } else if (const auto* error = std::get_if<base::Error>(&found)) {
        require(error->kind == ErrorKind::bad_request || error->kind == ErrorKind::not_found,
                "an unknown name is the client's");
        require(!error->detail.empty(), "an error says something");
    } else {
        require(aliases == nullptr, "aliases are asked for once");
    }
}

void check_models(std::string_view list, std::string_view alias_list, std::string_view requested) {
    const auto catalogue = discovery::Catalogue::parse(list);
    const auto aliases = discovery::Aliases::parse(alias_list);
    require(aliases.has_value() || aliases.error().kind == ErrorKind::upstream_broken, "a bad list is the relay's fault");
    require(catalogue.has_value() || catalogue.error().kind == ErrorKind::upstream_broken, "a bad list is the relay's fault");
    if (!catalogue) return;
    for (const discovery::Model& model : catalogue->models()) {
        require(is_id(model.chute.text()), "a chute is safe in a header and a path");
        require(!model.name.text().empty() && model.name.text().size() <= base::limits::model_name_max, "a name is a name");
        const discovery::Model* found = catalogue->by_name(model.name.text());
        require(found != nullptr && found->name == model.name && found->created >= model.created, "names find the newest");
        check_resolution(model.name.text(), *catalogue, nullptr);
        check_resolution(model.chute.text(), *catalogue, nullptr);
    }
    check_resolution(requested, *catalogue, nullptr);
    if (aliases) check_resolution(requested, *catalogue, &*aliases);
    require(catalogue->nearest(requested).size() <= 3, "few names are proposed");
}

const std::string& good_key() {
    static const std::string key = [] {
        std::array<std::uint8_t, crypto::kem_seed_size> seed{};
        const auto made = crypto::DecapsulationKey::from_seed(base::Secret<crypto::kem_seed_size>(seed));
        return base::base64_encode(made->public_key());
    }();
    return key;
}

void check_instances(std::string_view list) {
    std::string text;
    for (const char c : list) {
        if (c == '\t') {
            text += good_key();
        } else {
            text += c;
        }
    }
    const auto found = discovery::parse_discovered(text);
    if (!found) {
        require(found.error().kind == ErrorKind::upstream_broken || found.error().kind == ErrorKind::no_instance,
                "a bad list is the relay's fault");
        return;
    }
    require(!found->instances.empty() && found->instances.size() + found->rows_skipped <= base::limits::instances_per_reply_max,
            "there is an instance, and not too many");
    require(found->nonces_live_for.count() >= 1 && found->nonces_live_for.count() <= 600, "nonces live for a while");
    for (const discovery::DiscoveredInstance& instance : found->instances) {
        require(is_id(instance.id.text()), "an instance is safe in a header and a path");
        require(instance.key != nullptr && instance.key->base64 == good_key(), "a key is one, as it was served");
        require(!instance.nonces.empty() && instance.nonces.size() <= base::limits::nonces_per_instance_max, "it has nonces");
        for (const base::InvocationNonce& nonce : instance.nonces) {
            require(discovery::is_token(nonce.reveal(), {discovery::nonce_size_min, discovery::nonce_size_max}),
                    "a nonce is safe in a header");
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    const std::string_view models = input.part();
    const std::string_view aliases = input.part();
    const std::string_view requested = input.part();
    check_models(models, aliases, requested);
    check_instances(input.rest());
    return 0;
}
