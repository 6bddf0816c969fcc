// Third parties' test vectors, read where they are; never copied into the project. Two places: ../shared/vectors beside the
// repository (or $E2EE_SHARED_DIR/vectors), and the PyPI package cryptography-vectors in .deps/venv (scripts/deps test). A test
// whose vectors are not there says so and skips.
#pragma once

#include "json/json.h"
#include "support/hex.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace support {

inline std::filesystem::path shared_vectors() {
    const char* const given = std::getenv("E2EE_SHARED_DIR");
    return (given != nullptr ? std::filesystem::path(given) : std::filesystem::path(E2EE_SOURCE_DIR) / ".." / "shared") /
           "vectors";
}

// Where the Python package's files are; a path that does not exist if they are not installed.
inline std::filesystem::path python_vectors() {
    std::error_code absent;
    const auto lib = std::filesystem::path(E2EE_SOURCE_DIR) / ".deps" / "venv" / "lib";
    for (const auto& python : std::filesystem::directory_iterator(lib, absent)) {
        const auto package = python.path() / "site-packages" / "cryptography_vectors";
        if (std::filesystem::exists(package)) return package;
    }
    return lib / "cryptography_vectors";
}

inline std::optional<std::string> read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(file), {});
}

// One "name = value" block. Quoted values are text, others hexadecimal.
class Record {
public:
    void set(std::string_view name, std::string_view value) { values_.insert_or_assign(std::string(name), std::string(value)); }
    [[nodiscard]] bool has(const std::string& name) const { return values_.contains(name); }
    [[nodiscard]] const std::string& text(const std::string& name) const { return values_.at(name); }
    [[nodiscard]] base::Bytes bytes(const std::string& name) const {
        const std::string& value = text(name);
        if (!value.starts_with('"')) return from_hex(value);
        return {value.begin() + 1, value.end() - 1};
    }

private:
    std::map<std::string, std::string> values_;
};

// Records of lines "name = value"; each line with the name `first` begins one. Other lines say nothing.
inline std::vector<Record> records_of(std::string_view text, std::string_view first) {
    const auto trimmed = [](std::string_view part) {
        const std::size_t begin = part.find_first_not_of(" \t\r");
        return begin == std::string_view::npos ? std::string_view()
                                               : part.substr(begin, part.find_last_not_of(" \t\r") + 1 - begin);
    };
    std::vector<Record> records;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const std::size_t equals = line.find('=');
        if (line.starts_with('#') || equals == std::string_view::npos) continue;
        const std::string_view name = trimmed(line.substr(0, equals));
        if (name == first) records.emplace_back();
        if (!records.empty()) records.back().set(name, trimmed(line.substr(equals + 1)));
    }
    return records;
}

inline base::Bytes bytes_of(json::Value hex) {
    return from_hex(hex.as_string().value_or(""));
}

inline void report_vectors(std::size_t count, std::string_view file) {
    std::cout << "[ VECTORS  ] " << count << " of " << file << '\n';
}

}  // namespace support
