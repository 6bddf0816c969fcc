// Faults on demand: a table of names, and rules that say when one strikes.
#pragma once

#include "sim/random.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sim {

enum class Stage { connect, models, aliases, discovery, invoke };
enum class Shape { any, stream, blob };

struct FaultInfo {
    std::string_view name;
    Stage stage;
    Shape shape;  // which replies it can strike
    std::string_view what;
};
[[nodiscard]] std::span<const FaultInfo> fault_table();
[[nodiscard]] const FaultInfo* fault_named(std::string_view name);
[[nodiscard]] std::string_view stage_name(Stage stage);

struct Rule {
    std::vector<const FaultInfo*> choices;  // one is drawn each time
    std::int64_t left = 1;                  // strikes left; negative: endless
    std::int64_t skip = 0;                  // matching requests let through first
    double probability = 1;
    std::string chute;       // empty: all
    std::string instance;    // empty: all
    std::string credential;  // empty: all
    std::int64_t at = -1;    // the chunk that is struck; negative: the fault's own choice
    int status = 0;          // for instance_status; 0: 500
};

struct Hit {
    std::string_view name;
    std::int64_t at = -1;
    int status = 0;
};

class Faults {
public:
    // What a rule is matched against. A request has one shape.
    struct Occasion {
        Stage stage;
        Shape shape = Shape::any;
        std::string_view chute = {};
        std::string_view instance = {};
        std::string_view credential = {};
    };

    void add(Rule rule) { rules_.push_back(std::move(rule)); }
    void clear() { rules_.clear(); }
    [[nodiscard]] const std::vector<Rule>& rules() const { return rules_; }
    [[nodiscard]] std::optional<Hit> strike(const Occasion& occasion, Random& random);

private:
    std::vector<Rule> rules_;
};

}  // namespace sim
