// "Did you mean": names close to one that is not known.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace discovery {

// Levenshtein distance in bytes if it is at most `limit`, else nullopt. O(limit × length).
[[nodiscard]] std::optional<std::size_t> edit_distance(std::string_view a, std::string_view b, std::size_t limit);

// Collects candidates and keeps the closest to a wanted name: equal but for case first, then equal after the owner ("owner/"),
// then by edit distance, at most a third of the name.
class Nearest {
public:
    explicit Nearest(std::string_view wanted);

    void offer(std::string_view candidate);
    // Up to `count` of them, best first.
    [[nodiscard]] std::vector<std::string> best(std::size_t count) &&;

private:
    struct Scored {
        std::size_t score;
        std::string name;
        friend auto operator<=>(const Scored&, const Scored&) = default;
    };

    std::string wanted_;  // lower case
    std::size_t limit_;
    std::vector<Scored> found_;
};

}  // namespace discovery
