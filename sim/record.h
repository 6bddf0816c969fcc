// What happened, for tests to look at: every request as the relay saw it and as the instance opened it, violations of the
// protocol by the client, and counters. A test tool: nothing is hidden here.
#pragma once

#include "sim/settings.h"

#include <cstdint>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sim {

inline constexpr std::size_t entries_max = 50'000;
inline constexpr std::size_t entry_bytes_max = 128 * 1024 * 1024;  // texts kept in all entries together
inline constexpr std::size_t wire_sample_max = 2048;               // bytes kept of a reply as it crossed the wire

struct Entry {
    std::uint64_t id = 0;
    double time = 0;   // seconds since 1970
    std::string kind;  // models, aliases, discovery, invoke, other
    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;
    std::size_t body_size = 0;
    std::string envelope;  // the first bytes of an invocation's body
    std::string credential;
    std::string chute;
    std::string instance;
    bool opened = false;
    std::string plaintext;  // what the instance opened, whole
    int status = 0;
    std::string fault;
    std::string reply_wire;   // the first bytes of the reply's body as sent
    std::string reply_plain;  // what was sealed (the first bytes)
    std::string end;          // complete, aborted (the client left), cut (we ended it on purpose); empty: still running
    double duration = 0;      // seconds
    std::size_t events_sent = 0;
};
using EntryPointer = std::shared_ptr<Entry>;

struct Violation {
    std::uint64_t request = 0;
    std::string kind;  // a name tests can match, e.g. nonce_reused
    std::string detail;
};

struct Abort {
    std::uint64_t request = 0;
    double time = 0;
    std::size_t events_sent = 0;
};

struct InstanceCounters {
    std::uint64_t invocations = 0;  // that reached it
    std::uint64_t completed = 0;
    std::uint64_t streams = 0;
};

struct Counters {
    std::uint64_t models = 0, aliases = 0, discoveries = 0, invocations = 0, completed = 0, aborted = 0;
    std::uint64_t nonces_issued = 0, nonces_spent = 0, nonces_refused = 0, nonces_reused = 0;
    std::uint64_t connections = 0, tls_handshakes = 0, tls_resumed = 0;
    std::uint64_t open_connections = 0, open_requests = 0, open_streams = 0, open_streams_peak = 0;
    std::map<std::string, std::uint64_t, std::less<>> faults;
    std::map<std::string, std::uint64_t, std::less<>> groups;
    std::map<std::string, InstanceCounters, std::less<>> instances;
    std::map<int, std::uint64_t> statuses;  // of invocations
};

class Record {
public:
    // `log_file` may be empty. Throws when it cannot be opened.
    explicit Record(const std::string& log_file);
    Record(const Record&) = delete;
    Record& operator=(const Record&) = delete;
    ~Record();

    EntryPointer begin(std::string kind);
    void end(Entry& entry, std::string_view how);
    void violation(const Entry& entry, std::string kind, std::string detail);

    // Forgets everything but what is open now.
    void clear();

    Counters counters;
    [[nodiscard]] const std::deque<EntryPointer>& entries() const { return entries_; }
    [[nodiscard]] const std::deque<Violation>& violations() const { return violations_; }
    [[nodiscard]] std::uint64_t violations_total() const { return violations_total_; }
    [[nodiscard]] const std::deque<Abort>& aborts() const { return aborts_; }

    [[nodiscard]] static std::string to_json(const Entry& entry);
    [[nodiscard]] static double now();

private:
    std::deque<EntryPointer> entries_;
    std::deque<Violation> violations_;
    std::uint64_t violations_total_ = 0;
    std::deque<Abort> aborts_;
    std::uint64_t last_id_ = 0;
    std::size_t kept_bytes_ = 0;
    std::FILE* log_ = nullptr;
};

}  // namespace sim
