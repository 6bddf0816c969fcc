// The relay's list of models, and how a requested name becomes one chute (protocol page, "Models").
#pragma once

#include "base/ids.h"
#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace discovery {

struct Model {
    base::ModelName name;  // the exact served name: what the encrypted body's `model` must say
    base::ChuteId chute;   // [A-Za-z0-9_-]{1,64}: safe in a header and in a path
    std::string root;      // may be empty
    std::int64_t created = 0;
    bool confidential = false;  // only a boolean true counts

    friend bool operator==(const Model&, const Model&) = default;
};

// Immutable once parsed.
class Catalogue {
public:
    // From the body of GET /v1/models. Rows without a usable id or chute are skipped; `upstream_broken` for anything that is
    // not such a document, has more than limits::catalogue_models_max rows, or rows of which none is usable.
    [[nodiscard]] static base::Result<Catalogue> parse(std::string_view json);

    [[nodiscard]] const std::vector<Model>& models() const { return models_; }

    // nullptr if there is none. Of several the newest.
    [[nodiscard]] const Model* by_name(std::string_view name) const;
    [[nodiscard]] const Model* by_root(std::string_view root) const;
    [[nodiscard]] const Model* by_chute(std::string_view chute) const;

    // Up to three names that somebody who wrote `name` may have meant, best first.
    [[nodiscard]] std::vector<std::string> nearest(std::string_view name) const;

    friend bool operator==(const Catalogue& a, const Catalogue& b) { return a.models_ == b.models_; }

private:
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    using Index = std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>>;

    void add(Model model);
    void note(Index& index, const std::string& name, std::size_t position);
    [[nodiscard]] const Model* look_up(const Index& index, std::string_view name) const;

    std::vector<Model> models_;
    Index names_;
    Index roots_;
    Index chutes_;
};

// The relay's aliases: a name for one or several chutes.
class Aliases {
public:
    // No aliases, as a relay that answers 404 has.
    Aliases() = default;
    // From the body of GET /model_aliases/. Unusable rows are skipped; `upstream_broken` for what is not such a document.
    [[nodiscard]] static base::Result<Aliases> parse(std::string_view json);

    // nullptr if there is no such alias.
    [[nodiscard]] const std::vector<base::ChuteId>* find(std::string_view alias) const;

    friend bool operator==(const Aliases&, const Aliases&) = default;

private:
    std::unordered_map<std::string, std::vector<base::ChuteId>> targets_;
};

// What a request goes to.
struct Target {
    base::ModelName model;
    base::ChuteId chute;
    bool confidential = false;
    bool thinking = false;  // the name ended in ":THINKING", which is not a part of `model`

    friend bool operator==(const Target&, const Target&) = default;
};

// The model list does not know the name: fetch the aliases (unless cached) and resolve again with them.
struct NeedsAliases {
    friend bool operator==(const NeedsAliases&, const NeedsAliases&) = default;
};

using Resolution = std::variant<Target, NeedsAliases, base::Error>;

// In this order: exact id; id without ":THINKING"; root; chute id; alias with one target. `aliases` is nullptr while unknown.
// Errors: `bad_request` for what asks for several targets (a comma list, ":latency", ":throughput", an alias of several) and
// for names that are empty or over limits::model_name_max; `not_found` with the nearest names.
[[nodiscard]] Resolution resolve(std::string_view requested, const Catalogue& catalogue, const Aliases* aliases);

// The refusal of a model outside a TEE, `bad_request`, in the words of the original. The caller asks for it when
// `!target.confidential` and the configuration does not allow that.
[[nodiscard]] base::Error not_confidential(const base::ModelName& model);

}  // namespace discovery
