// What the simulated service serves: models, their chutes, the instances with their keys, aliases.
#pragma once

#include "crypto/kem.h"
#include "sim/random.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace sim {

struct InstanceKey {
    crypto::DecapsulationKey pair;
    std::string public_base64;
};

struct Instance {
    std::string id;
    std::string chute;
    std::vector<InstanceKey> keys;  // the last is in use, earlier ones were lost in restarts
    bool active = true;             // else 410 and not discovered
    bool known = true;              // else 404 and not discovered
    std::size_t running = 0;
    std::unordered_set<std::size_t> cached_prefixes;  // conversations this instance has seen (prompt cache)

    void restart();
};

enum class ModelKind { chat, embedding };

struct Model {
    std::string id;
    std::string root;
    std::string chute;
    std::string confidential;  // JSON: true, false, or something that only looks like it
    std::int64_t created = 0;
    std::size_t instances = 0;
    ModelKind kind = ModelKind::chat;
    std::int64_t context_length = 131'072;
};

struct Alias {
    std::string name;
    std::vector<std::string> chutes;
};

class World {
public:
    World();

    [[nodiscard]] const std::vector<Model>& models() const { return models_; }
    [[nodiscard]] const std::vector<Alias>& aliases() const { return aliases_; }
    [[nodiscard]] const std::vector<std::unique_ptr<Instance>>& instances() const { return instances_; }

    [[nodiscard]] const Model* model_of_chute(std::string_view chute) const;
    [[nodiscard]] Instance* instance(std::string_view id) const;
    // Those that discovery may hand out.
    [[nodiscard]] std::vector<Instance*> active_instances(std::string_view chute) const;
    // The chute of a model's id, or the text itself if it is no model's id.
    [[nodiscard]] std::string chute_named(std::string_view model_or_chute) const;

    // As the service writes them.
    [[nodiscard]] std::string models_json() const;
    [[nodiscard]] std::string aliases_json() const;

    // Every instance back, and known.
    void reset();

private:
    std::vector<Model> models_;
    std::vector<Alias> aliases_;
    std::vector<std::unique_ptr<Instance>> instances_;
};

}  // namespace sim
