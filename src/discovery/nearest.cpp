#include "discovery/nearest.h"

#include <algorithm>

namespace discovery {

namespace {

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower;
}

std::string_view after_owner(std::string_view name) {
    const std::size_t slash = name.rfind('/');
    return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

}  // namespace

std::optional<std::size_t> edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
    if (a.size() > b.size()) std::swap(a, b);
    if (b.size() - a.size() > limit) return std::nullopt;
    // Row by row of the classic table, but only the band in which the distance can stay within the limit.
    const std::size_t beyond = limit + 1;
    std::vector<std::size_t> above(b.size() + 1, beyond);
    std::vector<std::size_t> row(b.size() + 1, beyond);
    for (std::size_t j = 0; j <= std::min(limit, b.size()); ++j) above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        const std::size_t first = i > limit ? i - limit : 0;
        const std::size_t last = std::min(b.size(), i + limit);
        std::size_t least = beyond;
        for (std::size_t j = first; j <= last; ++j) {
            std::size_t cost = j == 0 ? i : above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            if (j > first) cost = std::min(cost, row[j - 1] + 1);
            if (j < i + limit) cost = std::min(cost, above[j] + 1);
            row[j] = std::min(cost, beyond);
            least = std::min(least, row[j]);
        }
        if (least == beyond) return std::nullopt;
        std::swap(above, row);
    }
    return above[b.size()] <= limit ? std::optional(above[b.size()]) : std::nullopt;
}

Nearest::Nearest(std::string_view wanted)
    : wanted_(lower_case(wanted)), limit_(std::clamp<std::size_t>(wanted.size() / 3, 2, 8)) {}

void Nearest::offer(std::string_view candidate) {
    const std::string name = lower_case(candidate);
    if (name == wanted_) return found_.push_back({0, std::string(candidate)});
    if (after_owner(name) == after_owner(wanted_)) return found_.push_back({1, std::string(candidate)});
    auto distance = edit_distance(wanted_, name, limit_);
    if (!wanted_.contains('/')) {
        const auto to_model = edit_distance(wanted_, after_owner(name), limit_);
        if (to_model && (!distance || *to_model < *distance)) distance = to_model;
    }
    if (distance) found_.push_back({1 + *distance, std::string(candidate)});
}

std::vector<std::string> Nearest::best(std::size_t count) && {
    std::sort(found_.begin(), found_.end());
    std::vector<std::string> names;
    for (Scored& scored : found_) {
        if (names.size() == count) break;
        if (names.empty() || names.back() != scored.name) names.push_back(std::move(scored.name));
    }
    return names;
}

}  // namespace discovery
