// TLS identities for tests, made when they are needed, with a file that holds the CA to trust.
#pragma once

#include "net/client.h"
#include "net/identity.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace net_test {

// For localhost, 127.0.0.1 and ::1.
class TestIdentity {
public:
    TestIdentity() : loaded_(make()) {
        char path[] = "/tmp/e2ee-proxy-test-ca-XXXXXX";
        const int fd = ::mkstemp(path);
        if (fd < 0) throw std::runtime_error("mkstemp");
        ::close(fd);
        ca_file_ = path;
        std::ofstream(ca_file_) << loaded_.ca_pem;
    }
    ~TestIdentity() { std::filesystem::remove(ca_file_); }
    TestIdentity(const TestIdentity&) = delete;
    TestIdentity& operator=(const TestIdentity&) = delete;

    const net::TlsIdentity& identity() const { return loaded_.identity; }
    std::unique_ptr<net::ClientTls> trust() const { return net::ClientTls::make({.ca_file = ca_file_, .ca_dir = {}}).value(); }
    const std::string& ca_file() const { return ca_file_; }

private:
    static net::LoadedIdentity make() {
        auto made =
            net::make_self_signed({.domain = "localhost", .state_dir = {}, .ca_file = {}}, std::chrono::system_clock::now());
        if (!made) throw std::runtime_error(made.error().detail);
        return std::move(*made);
    }

    net::LoadedIdentity loaded_;
    std::string ca_file_;
};

}  // namespace net_test
