// Accepts connections, plain or TLS.
#pragma once

#include "sim/wire.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <cstdint>
#include <string>

namespace sim {

// Listens on "ADDRESS:PORT" and serves until the loop ends; answers the port. `tls` may be null. Throws when the address
// cannot be had.
std::uint16_t listen(boost::asio::io_context& loop, const std::string& address, boost::asio::ssl::context* tls,
                     const Service& service);

}  // namespace sim
