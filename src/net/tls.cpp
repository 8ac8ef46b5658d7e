#include "net/tls.hpp"

#include "base/user_file.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <sys/socket.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace plimsoll::net {
namespace {

SSL* ssl(void* session) {
    return static_cast<SSL*>(session);
}

int bio_fd(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL: a peer that went away would end the process
// with SIGPIPE.
int bio_write(BIO* bio, const char* data, std::size_t size, std::size_t* written) {
    BIO_clear_retry_flags(bio);
    const ssize_t count = ::send(bio_fd(bio), data, size, MSG_NOSIGNAL);
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR) {
            BIO_set_retry_write(bio);
        }
        return 0;
    }
    *written = static_cast<std::size_t>(count);
    return 1;
}

int bio_read(BIO* bio, char* data, std::size_t size, std::size_t* got) {
    BIO_clear_retry_flags(bio);
    const ssize_t count = ::recv(bio_fd(bio), data, size, 0);
    if (count <= 0) {
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            BIO_set_retry_read(bio);
        }
        return 0;
    }
    *got = static_cast<std::size_t>(count);
    return 1;
}

long bio_ctrl(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0;
}

int bio_create(BIO* bio) {
    BIO_set_init(bio, 1);
    return 1;
}

BIO_METHOD* socket_method() {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "socket");
        if (made != nullptr) {
            BIO_meth_set_write_ex(made, bio_write);
            BIO_meth_set_read_ex(made, bio_read);
            BIO_meth_set_ctrl(made, bio_ctrl);
            BIO_meth_set_create(made, bio_create);
        }
        return made;
    }();
    return method;
}

std::string openssl_reason() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
    return text == nullptr ? "unknown TLS failure" : text;
}

bool is_ip_address(const std::string& host) {
    in6_addr scratch{};
    return inet_pton(AF_INET, host.c_str(), &scratch) == 1 ||
           inet_pton(AF_INET6, host.c_str(), &scratch) == 1;
}

bool expect_host(SSL* session, const std::string& host) {
    if (is_ip_address(host)) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
    }
    SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(session, host.c_str()) == 1;
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::create(const std::string& ca_file, bool verify,
                                                       const std::string& cert_file,
                                                       const std::string& key_file) {
    std::unique_ptr<TlsContext> context(new TlsContext);
    context->verify_ = verify;
    SSL_CTX* raw = SSL_CTX_new(TLS_client_method());
    if (raw == nullptr) {
        return Error{"TLS could not be set up: " + openssl_reason(), {}, {}};
    }
    context->context_ = raw;
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(raw, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (!ca_file.empty()) {
        if (const auto file = open_user_file(ca_file); !file) {
            return Error{"the certificates to trust could not be read: " + file.error().what,
                         ca_file, file.error().hint};
        }
    }
    const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(raw)
                                       : SSL_CTX_load_verify_file(raw, ca_file.c_str());
    if (verify && loaded != 1) {
        return Error{"the certificates to trust could not be read: " + openssl_reason(), ca_file,
                     "it must be a PEM file with one or more certificates"};
    }
    if (!cert_file.empty()) {
        if (SSL_CTX_use_certificate_chain_file(raw, cert_file.c_str()) != 1) {
            return Error{"the client certificate could not be read: " + openssl_reason(), cert_file,
                         "it must be a PEM file"};
        }
        if (SSL_CTX_use_PrivateKey_file(raw, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
            SSL_CTX_check_private_key(raw) != 1) {
            return Error{"the client certificate's key could not be read: " + openssl_reason(),
                         key_file, "it must be the PEM file of the key that belongs to it"};
        }
    }
    ERR_clear_error();
    return context;
}

TlsContext::~TlsContext() {
    SSL_CTX_free(static_cast<SSL_CTX*>(context_));
}

Result<std::unique_ptr<TlsSession>> TlsSession::create(const TlsContext& context, int fd,
                                                       const std::string& host) {
    std::unique_ptr<TlsSession> made(new TlsSession);
    SSL* session = SSL_new(static_cast<SSL_CTX*>(context.context_));
    made->session_ = session;
    BIO* bio = session == nullptr ? nullptr : BIO_new(socket_method());
    if (bio == nullptr) {
        return Error{"TLS could not be set up: " + openssl_reason(), host, {}};
    }
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
    SSL_set_bio(session, bio, bio);
    if (!is_ip_address(host)) {
        SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(host.c_str()));
    }
    if (context.verify_ && !expect_host(session, host)) {
        return Error{"the host name cannot be checked against a certificate", host, {}};
    }
    SSL_set_connect_state(session);
    return made;
}

TlsSession::~TlsSession() {
    SSL_free(ssl(session_));
}

Step TlsSession::outcome(int code, std::size_t bytes) const {
    if (code == 1) {
        return {StepKind::Done, bytes};
    }
    switch (SSL_get_error(ssl(session_), code)) {
        case SSL_ERROR_WANT_READ:
            return {StepKind::WantRead};
        case SSL_ERROR_WANT_WRITE:
            return {StepKind::WantWrite};
        case SSL_ERROR_ZERO_RETURN:
            return {StepKind::Closed};
        case SSL_ERROR_SYSCALL:
            ERR_clear_error();
            return {StepKind::Closed};
        default:
            return {StepKind::Failed, 0, openssl_reason()};
    }
}

Step TlsSession::handshake() {
    ERR_clear_error();
    Step step = outcome(SSL_do_handshake(ssl(session_)), 0);
    const long verdict = SSL_get_verify_result(ssl(session_));
    if (step.kind == StepKind::Failed && verdict != X509_V_OK) {
        step.reason = std::string("the server's certificate is not trusted: ") +
                      X509_verify_cert_error_string(verdict);
    }
    return step;
}

Step TlsSession::read(char* data, std::size_t size) {
    ERR_clear_error();
    std::size_t bytes = 0;
    const int code = SSL_read_ex(ssl(session_), data, size, &bytes);
    return outcome(code, bytes);
}

Step TlsSession::write(const char* data, std::size_t size) {
    ERR_clear_error();
    std::size_t bytes = 0;
    const int code = SSL_write_ex(ssl(session_), data, size, &bytes);
    return outcome(code, bytes);
}

}  // namespace plimsoll::net
