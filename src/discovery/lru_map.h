// A hash map that holds at most `size_max` entries: when full, the entry that was not asked for the longest makes room. Every
// operation is O(1). References stay valid until their entry goes.
#pragma once

#include <cstddef>
#include <list>
#include <unordered_map>
#include <utility>

namespace discovery {

template <class Key, class Entry, class Hash = std::hash<Key>>
class LruMap {
public:
    explicit LruMap(std::size_t size_max) : size_max_(size_max) {}

    // The entry, which becomes the most recent one; nullptr if there is none.
    [[nodiscard]] Entry* find(const Key& key) {
        const auto found = index_.find(key);
        if (found == index_.end()) return nullptr;
        order_.splice(order_.begin(), order_, found->second);
        return &found->second->second;
    }

    // The same without making it recent.
    [[nodiscard]] const Entry* peek(const Key& key) const {
        const auto found = index_.find(key);
        return found == index_.end() ? nullptr : &found->second->second;
    }

    // The entry, made by `Entry{}` if there was none, and most recent.
    Entry& operator[](const Key& key) {
        if (Entry* entry = find(key)) return *entry;
        if (order_.size() >= size_max_) {
            index_.erase(order_.back().first);
            order_.pop_back();
        }
        order_.emplace_front(key, Entry{});
        index_.emplace(key, order_.begin());
        return order_.front().second;
    }

    template <class Condition>
    void erase_if(Condition condition) {
        for (auto at = order_.begin(); at != order_.end();) {
            if (condition(at->first, at->second)) {
                index_.erase(at->first);
                at = order_.erase(at);
            } else {
                ++at;
            }
        }
    }

    [[nodiscard]] std::size_t size() const { return order_.size(); }
    // Most recent first.
    [[nodiscard]] auto begin() const { return order_.begin(); }
    [[nodiscard]] auto end() const { return order_.end(); }

private:
    using Order = std::list<std::pair<Key, Entry>>;

    std::size_t size_max_;
    Order order_;
    std::unordered_map<Key, typename Order::iterator, Hash> index_;
};

}  // namespace discovery
