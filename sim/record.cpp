#include "sim/record.h"

#include "base/base64.h"
#include "base/bytes.h"
#include "json/json.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <stdexcept>

namespace sim {
namespace {

constexpr std::size_t lists_max = 10'000;

std::string hex(std::string_view bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += {digits[byte >> 4], digits[byte & 15]};
    }
    return out;
}

bool is_utf8(std::string_view text) {
    std::string quoted;
    json::append_string(quoted, text);
    return json::parse(quoted).has_value();
}

// Text as it is, or base64 under NAME_base64 when it is not UTF-8.
void text_member(json::Writer& out, const std::string& name, std::string_view text) {
    if (is_utf8(text)) {
        out.member(name, text);
    } else {
        out.member(name + "_base64", base::base64_encode(base::as_bytes(text)));
    }
}

std::string number(double value) {
    std::array<char, 64> text{};
    const int size = std::snprintf(text.data(), text.size(), "%.6f", value);
    return {text.data(), static_cast<std::size_t>(size)};
}

std::size_t weight(const Entry& entry) {
    return entry.plaintext.size() + entry.reply_wire.size() + entry.reply_plain.size() + 4096;
}

}  // namespace

Record::Record(const std::string& log_file) {
    if (log_file.empty()) return;
    log_ = std::fopen(log_file.c_str(), "a");
    if (log_ == nullptr) throw std::runtime_error("--log " + log_file + " cannot be written");
}

Record::~Record() {
    if (log_ != nullptr) std::fclose(log_);
}

double Record::now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

EntryPointer Record::begin(std::string kind) {
    auto entry = std::make_shared<Entry>();
    entry->id = ++last_id_;
    entry->time = now();
    entry->kind = std::move(kind);
    entries_.push_back(entry);
    ++counters.open_requests;
    return entry;
}

void Record::end(Entry& entry, std::string_view how) {
    entry.end = how;
    entry.duration = now() - entry.time;
    --counters.open_requests;
    if (how == "aborted") {
        ++counters.aborted;
        aborts_.push_back({entry.id, now(), entry.events_sent});
        if (aborts_.size() > lists_max) aborts_.pop_front();
    } else if (how == "complete") {
        ++counters.completed;
    }
    const bool kept = !entries_.empty() && entries_.front()->id <= entry.id;  // else it was dropped while it ran
    if (kept) kept_bytes_ += weight(entry);
    while (entries_.size() > 1 && (entries_.size() > entries_max || kept_bytes_ > entry_bytes_max)) {
        if (!entries_.front()->end.empty()) kept_bytes_ -= std::min(kept_bytes_, weight(*entries_.front()));
        entries_.pop_front();
    }
    if (log_ != nullptr) {
        std::fprintf(log_, "%s\n", to_json(entry).c_str());
        std::fflush(log_);
    }
}

void Record::violation(const Entry& entry, std::string kind, std::string detail) {
    ++violations_total_;
    if (violations_.size() < lists_max) violations_.push_back({entry.id, std::move(kind), std::move(detail)});
}

void Record::clear() {
    std::erase_if(entries_, [](const EntryPointer& entry) { return !entry->end.empty(); });
    kept_bytes_ = 0;
    violations_.clear();
    violations_total_ = 0;
    aborts_.clear();
    Counters fresh;
    fresh.open_connections = counters.open_connections;
    fresh.open_requests = counters.open_requests;
    fresh.open_streams = fresh.open_streams_peak = counters.open_streams;
    counters = fresh;
}

std::string Record::to_json(const Entry& entry) {
    json::Writer out;
    out.begin_object();
    out.member_integer("id", static_cast<std::int64_t>(entry.id)).member_raw("time", number(entry.time));
    out.member("kind", entry.kind).member("method", entry.method);
    text_member(out, "target", entry.target);
    out.key("headers").begin_array();
    for (const auto& [name, value] : entry.headers) {
        out.begin_array();
        out.string(name);
        is_utf8(value) ? out.string(value) : out.string(hex(value));
        out.end_array();
    }
    out.end_array();
    out.member_integer("body_size", static_cast<std::int64_t>(entry.body_size));
    out.member("envelope_hex", hex(entry.envelope));
    text_member(out, "credential", entry.credential);
    text_member(out, "chute", entry.chute);
    text_member(out, "instance", entry.instance);
    if (entry.opened) text_member(out, "opened", entry.plaintext);
    out.member_integer("status", entry.status).member("fault", entry.fault);
    text_member(out, "reply_wire", entry.reply_wire);
    text_member(out, "reply_plain", entry.reply_plain);
    out.member("end", entry.end).member_raw("duration", number(entry.duration));
    out.member_integer("events_sent", static_cast<std::int64_t>(entry.events_sent));
    out.end_object();
    return out.take();
}

}  // namespace sim
