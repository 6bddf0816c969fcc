// Steps 3 to 5 of a request: lease an instance, seal the body to it, invoke it, and where it refuses try another one, as the
// table of docs/protocol.md says. Everything here happens before a byte of the reply reached the client.
#pragma once

#include "api/failure.h"
#include "discovery/catalogue.h"
#include "e2ee/exchange.h"
#include "net/client.h"
#include "net/offload.h"
#include "proxy/directory.h"

#include <string>

namespace proxy {

// A lease that is given back, whatever happens.
class HeldLease {
public:
    HeldLease(Directory& directory, discovery::Lease lease)
        : directory_(&directory), lease_(std::move(lease)), sent_(net::Clock::now()) {}
    HeldLease(HeldLease&& other) noexcept
        : directory_(std::exchange(other.directory_, nullptr)), lease_(std::move(other.lease_)), sent_(other.sent_) {}
    HeldLease& operator=(HeldLease&&) = delete;
    HeldLease(const HeldLease&) = delete;
    HeldLease& operator=(const HeldLease&) = delete;
    ~HeldLease() { finish(discovery::Outcome::neutral); }

    [[nodiscard]] const discovery::Lease& lease() const { return lease_; }
    void sending() { sent_ = net::Clock::now(); }
    void first_event() {
        if (directory_ != nullptr) directory_->first_event(lease_.id, net::Clock::now() - sent_);
    }
    // The first word counts.
    void finish(discovery::Outcome outcome) {
        if (directory_ != nullptr) std::exchange(directory_, nullptr)->finished(lease_.id, outcome);
    }

private:
    Directory* directory_;
    discovery::Lease lease_;
    net::Timepoint sent_;
};

// An instance that has begun to answer with a 200.
struct Answering {
    HeldLease lease;
    net::UpstreamReply upstream;
    e2ee::ReplyKeys keys;
};

// What is to be sent, to any instance of the target.
struct Sending {
    const discovery::Target& target;
    const std::string& body;  // the JSON text for the instance
    std::string path;         // X-E2E-Path
    bool stream = false;
    std::optional<discovery::ConversationKey> conversation;
};

// How it went, for the log and the client: kept up to date while it goes.
struct Progress {
    int attempts = 0;
    std::string instance;
    net::Headers refusal_headers;  // of the answer that became the failure, if any
};

struct AttemptTools {
    Directory& directory;
    Worker worker;
    net::ThreadPool& pool;
};

[[nodiscard]] net::Task<api::Outcome<Answering>> obtain(AttemptTools tools, Caller caller, const Sending& sending,
                                                        Progress& progress);

}  // namespace proxy
