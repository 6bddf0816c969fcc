// The simulator's TLS identity: a given certificate, or a CA of its own with a leaf for localhost, like a real upstream has.
#pragma once

#include "sim/options.h"

#include <boost/asio/ssl/context.hpp>

#include <string>

namespace sim {

struct TlsIdentity {
    boost::asio::ssl::context context;
    std::string ca_pem;  // empty with a given certificate
};

// Throws std::runtime_error with a sentence when a file cannot be used.
[[nodiscard]] TlsIdentity make_tls_identity(const Options& options);

}  // namespace sim
