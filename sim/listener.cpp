#include "sim/listener.h"

#include "sim/connection.h"

#include <stdexcept>

namespace sim {
namespace {

using boost::asio::ip::tcp;

tcp::endpoint endpoint_of(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos) throw std::runtime_error("'" + address + "' is not ADDRESS:PORT");
    std::string host = address.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host == "localhost") host = "127.0.0.1";
    return {boost::asio::ip::make_address(host), static_cast<std::uint16_t>(std::stoul(address.substr(colon + 1)))};
}

Awaitable<void> accept(tcp::acceptor acceptor, boost::asio::ssl::context* tls, const Service& service) {
    while (true) {
        auto [error, socket] = co_await acceptor.async_accept(quietly);
        if (error) {  // out of descriptors, most likely: let some go
            boost::asio::steady_timer rest(acceptor.get_executor(), Milliseconds(20));
            co_await rest.async_wait(quietly);
        } else if (tls != nullptr) {
            std::make_shared<Connection<TlsStream>>(TlsStream(std::move(socket), *tls), service)->start();
        } else {
            std::make_shared<Connection<Socket>>(std::move(socket), service)->start();
        }
    }
}

}  // namespace

std::uint16_t listen(boost::asio::io_context& loop, const std::string& address, boost::asio::ssl::context* tls,
                     const Service& service) {
    const tcp::endpoint endpoint = endpoint_of(address);
    tcp::acceptor acceptor(loop, endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen(4096);
    const std::uint16_t port = acceptor.local_endpoint().port();
    boost::asio::co_spawn(loop, accept(std::move(acceptor), tls, service), boost::asio::detached);
    return port;
}

}  // namespace sim
