#include "discovery/catalogue.h"

#include "base/limits.h"
#include "discovery/nearest.h"
#include "discovery/token.h"
#include "json/json.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace discovery {

namespace {

using base::Error;
using base::ErrorKind;
using base::fail;

constexpr std::string_view thinking_suffix = ":THINKING";

bool is_model_name(std::string_view text) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    return !text.empty() && text.size() <= base::limits::model_name_max && std::none_of(text.begin(), text.end(), control);
}

std::optional<Model> parse_model(json::Value row) {
    const auto id = row["id"].as_string();
    const auto chute = row["chute_id"].as_string();
    if (!id || !is_model_name(*id) || !chute || !is_id(*chute)) return std::nullopt;
    Model model;
    model.name = base::ModelName(std::string(*id));
    model.chute = base::ChuteId(std::string(*chute));
    const auto root = row["root"].as_string();
    if (root && is_model_name(*root)) model.root = *root;
    model.created = row["created"].as_integer().value_or(0);
    model.confidential = row["confidential_compute"].as_bool().value_or(false);
    return model;
}

// A row with one unusable chute is unusable as a whole: an alias of two must not turn into an alias of one.
std::optional<std::vector<base::ChuteId>> parse_targets(json::Value chute_ids) {
    std::vector<base::ChuteId> targets;
    for (const json::Value chute : chute_ids.elements()) {
        const auto text = chute.as_string();
        if (!text || !is_id(*text)) return std::nullopt;
        base::ChuteId target{std::string(*text)};
        if (std::find(targets.begin(), targets.end(), target) == targets.end()) targets.push_back(std::move(target));
    }
    if (targets.empty()) return std::nullopt;
    return targets;
}

bool asks_for_several(std::string_view name) {
    return name.contains(',') || name.ends_with(":latency") || name.ends_with(":throughput");
}

struct Wanted {
    std::string_view name;  // without the suffix
    bool thinking = false;
};

Wanted without_suffix(std::string_view requested) {
    if (!requested.ends_with(thinking_suffix)) return {requested, false};
    return {requested.substr(0, requested.size() - thinking_suffix.size()), true};
}

std::string quoted(std::string_view name) {
    return "'" + std::string(name) + "'";
}

Target target_of(const Model& model, bool thinking) {
    return {model.name, model.chute, model.confidential, thinking};
}

Error needs_one_target(std::string_view requested) {
    return {ErrorKind::bad_request, "model " + quoted(requested) +
                                        " asks for a choice between several deployments, but the encrypted path needs one "
                                        "target: name exactly one model"};
}

Error unknown_model(std::string_view requested, const Catalogue& catalogue) {
    std::string detail = "model " + quoted(requested) + " is not in the model list";
    const std::vector<std::string> names = catalogue.nearest(without_suffix(requested).name);
    for (std::size_t i = 0; i < names.size(); ++i) {
        detail += i == 0 ? "; did you mean " : i + 1 == names.size() ? " or " : ", ";
        detail += quoted(names[i]);
    }
    if (!names.empty()) detail += "?";
    return {ErrorKind::not_found, detail};
}

}  // namespace

base::Result<Catalogue> Catalogue::parse(std::string_view json) {
    const auto document = json::parse(json);
    if (!document || !document->root()["data"].is(json::Kind::array)) {
        return fail(ErrorKind::upstream_broken, "the model list is not what the protocol says");
    }
    const json::Value rows = document->root()["data"];
    if (rows.size() > base::limits::catalogue_models_max) {
        return fail(ErrorKind::upstream_broken,
                    "the model list is longer than " + std::to_string(base::limits::catalogue_models_max) + " models");
    }
    Catalogue catalogue;
    for (const json::Value row : rows.elements()) {
        if (auto model = parse_model(row)) catalogue.add(*std::move(model));
    }
    if (catalogue.models_.empty() && rows.size() > 0) {
        return fail(ErrorKind::upstream_broken, "no row of the model list has a usable id and chute_id");
    }
    return catalogue;
}

void Catalogue::add(Model model) {
    const std::size_t position = models_.size();
    models_.push_back(std::move(model));
    const Model& added = models_.back();
    note(names_, added.name.text(), position);
    if (!added.root.empty()) note(roots_, added.root, position);
    note(chutes_, added.chute.text(), position);
}

void Catalogue::note(Index& index, const std::string& name, std::size_t position) {
    const auto [entry, added] = index.try_emplace(name, position);
    if (!added && models_[position].created > models_[entry->second].created) entry->second = position;
}

const Model* Catalogue::look_up(const Index& index, std::string_view name) const {
    const auto found = index.find(name);
    return found == index.end() ? nullptr : &models_[found->second];
}

const Model* Catalogue::by_name(std::string_view name) const {
    return look_up(names_, name);
}

const Model* Catalogue::by_root(std::string_view root) const {
    return look_up(roots_, root);
}

const Model* Catalogue::by_chute(std::string_view chute) const {
    return look_up(chutes_, chute);
}

std::vector<std::string> Catalogue::nearest(std::string_view name) const {
    Nearest nearest(name);
    for (const Model& model : models_) nearest.offer(model.name.text());
    return std::move(nearest).best(3);
}

base::Result<Aliases> Aliases::parse(std::string_view json) {
    const auto document = json::parse(json);
    if (!document || !document->root().is(json::Kind::array)) {
        return fail(ErrorKind::upstream_broken, "the list of model aliases is not what the protocol says");
    }
    Aliases aliases;
    for (const json::Value row : document->root().elements()) {
        const auto alias = row["alias"].as_string();
        if (!alias || !is_model_name(*alias)) continue;
        if (auto targets = parse_targets(row["chute_ids"]))
            aliases.targets_.try_emplace(std::string(*alias), *std::move(targets));
    }
    return aliases;
}

const std::vector<base::ChuteId>* Aliases::find(std::string_view alias) const {
    const auto found = targets_.find(std::string(alias));
    return found == targets_.end() ? nullptr : &found->second;
}

Resolution resolve(std::string_view requested, const Catalogue& catalogue, const Aliases* aliases) {
    if (!is_model_name(requested)) {
        return Error{ErrorKind::bad_request, "the model name is empty, too long or holds control characters"};
    }
    const auto [name, thinking] = without_suffix(requested);
    if (const Model* model = catalogue.by_name(requested)) return target_of(*model, false);
    if (const Model* model = catalogue.by_name(name)) return target_of(*model, thinking);
    if (asks_for_several(name)) return needs_one_target(requested);
    if (const Model* model = catalogue.by_root(name)) return target_of(*model, thinking);
    if (const Model* model = catalogue.by_chute(name)) return target_of(*model, thinking);

    if (aliases == nullptr) return NeedsAliases{};
    const std::vector<base::ChuteId>* chutes = aliases->find(name);
    if (chutes == nullptr) return unknown_model(requested, catalogue);
    if (chutes->size() > 1) return needs_one_target(requested);
    if (const Model* model = catalogue.by_chute(chutes->front().text())) return target_of(*model, thinking);
    return Error{ErrorKind::not_found,
                 "model " + quoted(requested) + " is an alias of a deployment that is not in the model list"};
}

base::Error not_confidential(const base::ModelName& model) {
    return {ErrorKind::bad_request, "model " + quoted(model.text()) +
                                        " is not running in confidential compute (TEE). E2EE requires confidential compute to "
                                        "guarantee privacy. Set ALLOW_NON_CONFIDENTIAL=true to override."};
}

}  // namespace discovery
