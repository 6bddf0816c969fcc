// The simulator's dice: the same seed throws the same. Not for secrets (those come from crypto::random_bytes).
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace sim {

class Random {
public:
    explicit Random(std::uint64_t seed) : seed_(seed), engine_(seed) {}

    void reseed(std::uint64_t seed) {
        seed_ = seed;
        engine_.seed(seed);
    }
    [[nodiscard]] std::uint64_t seed() const { return seed_; }
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
    [[nodiscard]] bool chance(double probability) { return static_cast<double>(engine_() >> 11) * 0x1.0p-53 < probability; }
    [[nodiscard]] std::uint8_t byte() { return static_cast<std::uint8_t>(engine_() >> 56); }

private:
    std::uint64_t seed_;
    std::mt19937_64 engine_;
};

}  // namespace sim
