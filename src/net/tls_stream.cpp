#include "net/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace net {
namespace {

class TlsStream final : public Stream {
public:
    TlsStream(std::shared_ptr<Socket> socket, SslPtr ssl) : Stream(std::move(socket)), ssl_(std::move(ssl)) {
        SSL_set_fd(ssl_.get(), this->socket().fd());
    }

    // OpenSSL would forbid to resume the session of a connection that ended without our close_notify.
    ~TlsStream() override {
        if (!broken_ && SSL_is_init_finished(ssl_.get()) != 0) {
            SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        }
    }

    Io handshake() override {
        ERR_clear_error();
        return outcome(SSL_do_handshake(ssl_.get()), 0);
    }

    Io read_some(std::span<char> into) override {
        ERR_clear_error();
        std::size_t count = 0;
        return outcome(SSL_read_ex(ssl_.get(), into.data(), into.size(), &count), count);
    }

    Io write_some(std::string_view bytes) override {
        ERR_clear_error();
        std::size_t count = 0;
        return outcome(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count), count);
    }

    // Ours is sent, the peer's is not waited for. After a fatal error TLS forbids to say anything more.
    Io shutdown() override {
        Io said{IoStatus::done};
        if (!broken_ && SSL_is_init_finished(ssl_.get()) != 0 && (SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) == 0) {
            ERR_clear_error();
            const int result = SSL_shutdown(ssl_.get());
            if (result < 0) said = outcome(result, 0);
        }
        if (said.status != IoStatus::want_write) ::shutdown(socket().fd(), SHUT_WR);
        return said;
    }

    [[nodiscard]] bool buffered() const override { return SSL_has_pending(ssl_.get()) != 0; }
    [[nodiscard]] std::string failure() const override { return failure_; }

private:
    Io outcome(int result, std::size_t count) {
        if (result > 0) return {IoStatus::done, count};
        const int system_error = errno;
        switch (SSL_get_error(ssl_.get(), result)) {
            case SSL_ERROR_WANT_READ:
                return {IoStatus::want_read};
            case SSL_ERROR_WANT_WRITE:
                return {IoStatus::want_write};
            case SSL_ERROR_ZERO_RETURN:
                return {IoStatus::end};
            case SSL_ERROR_SYSCALL:
                failure_ = system_error != 0 ? std::strerror(system_error) : "the connection was closed";
                break;
            default:
                failure_ = explain();
        }
        broken_ = true;
        return {IoStatus::failed};
    }

    // The oldest error is the cause; a refused certificate says more than "certificate verify failed".
    [[nodiscard]] std::string explain() const {
        const auto code = ERR_peek_error();
        const long verdict = SSL_get_verify_result(ssl_.get());
        if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK) {
            return std::string("its certificate was refused: ") + X509_verify_cert_error_string(verdict);
        }
        const char* reason = ERR_reason_error_string(code);
        return reason != nullptr ? reason : "TLS error";
    }

    SslPtr ssl_;
    std::string failure_;
    bool broken_ = false;
};

}  // namespace

std::unique_ptr<Stream> make_tls_stream(std::shared_ptr<Socket> socket, SslPtr ssl) {
    return std::make_unique<TlsStream>(std::move(socket), std::move(ssl));
}

}  // namespace net
