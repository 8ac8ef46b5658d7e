#include "engine/transport/tls.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <climits>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace plimsoll {
namespace {

/// Where in an SSL the origin's TlsSession is kept.
int session_slot() {
    static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

/// Where in an SSL stands what its peer's close_notify sets.
int end_slot() {
    static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

void note_end(const SSL* ssl, int where, int value) {
    constexpr int kDescription = 0xFF;  // above it: the alert's level
    if (where == SSL_CB_READ_ALERT && (value & kDescription) == SSL_AD_CLOSE_NOTIFY) {
        *static_cast<bool*>(SSL_get_ex_data(ssl, end_slot())) = true;
    }
}

int keep_session(SSL* ssl, SSL_SESSION* session) {
    auto* const kept = static_cast<TlsSession*>(SSL_get_ex_data(ssl, session_slot()));
    if (kept == nullptr) {
        return 0;
    }
    kept->reset(session);
    return 1;  // the reference is ours now
}

std::string words_of(unsigned long code) {
    const char* const text = code == 0 ? nullptr : ERR_reason_error_string(code);
    return text == nullptr ? "unknown TLS failure" : text;
}

std::string last_words() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    return words_of(code);
}

bool is_address(const std::string& host) {
    in6_addr scratch{};
    return inet_pton(AF_INET, host.c_str(), &scratch) == 1 ||
           inet_pton(AF_INET6, host.c_str(), &scratch) == 1;
}

bool set_name(SSL* ssl, const std::string& name, bool verify) {
    if (is_address(name)) {  // SNI carries names only (RFC 6066, 3)
        return !verify || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // What SSL_set_tlsext_host_name stands for, without its C cast.
    const long named = SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                const_cast<char*>(name.c_str()));  // NOLINT: it is only read
    return named == 1 && (!verify || SSL_set1_host(ssl, name.c_str()) == 1);
}

Status load_files(SSL_CTX* context, const TlsOptions& options) {
    if (options.ca_file.empty()) {
        if (options.verify) {
            SSL_CTX_set_default_verify_paths(context);
        }
    } else if (SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) != 1) {
        return Error{fmt::format("cannot be used as trusted certificates: {}", last_words()),
                     options.ca_file, "a PEM file of certificates"};
    }
    if (options.cert_file.empty()) {
        return options.key_file.empty() ? Status{}
                                        : Error{"is a client's key without its certificate",
                                                options.key_file, "name the certificate too"};
    }
    if (SSL_CTX_use_certificate_chain_file(context, options.cert_file.c_str()) != 1) {
        return Error{fmt::format("cannot be used as client certificate: {}", last_words()),
                     options.cert_file, "a PEM file, the client's certificate first"};
    }
    const std::string& key = options.key_file.empty() ? options.cert_file : options.key_file;
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return Error{
            fmt::format("cannot be used as the client certificate's key: {}", last_words()), key,
            "a PEM file without a passphrase"};
    }
    return {};
}

}  // namespace

void TlsSessionDeleter::operator()(ssl_session_st* session) const noexcept {
    SSL_SESSION_free(session);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::create(const TlsOptions& options) {
    std::shared_ptr<TlsContext> made(new TlsContext);
    SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    if (context == nullptr) {
        return Error{"TLS could not be set up: " + last_words(), {}, {}};
    }
    made->context_ = context;
    made->verify_ = options.verify;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    // A whole record per read, not its five bytes of header first.
    SSL_CTX_set_read_ahead(context, 1);
    // Many servers close without a word; HTTP's own lengths say whether the response was whole.
    // Where it has none, `ended_well` tells the end from a cut.
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_info_callback(context, note_end);
    SSL_CTX_set_verify(context, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (options.resume) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, keep_session);
    } else {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    }
    if (Status loaded = load_files(context, options); !loaded) {
        return loaded.error();
    }
    return std::shared_ptr<const TlsContext>(std::move(made));
}

TlsContext::~TlsContext() {
    SSL_CTX_free(context_);
}

std::unique_ptr<TlsConnection> TlsConnection::create(const TlsContext& context, int socket,
                                                     const std::string& server_name,
                                                     TlsSession* session) {
    std::unique_ptr<TlsConnection> made(new TlsConnection);
    ERR_clear_error();
    made->ssl_ = SSL_new(context.context_);
    if (made->ssl_ == nullptr || SSL_set_fd(made->ssl_, socket) != 1 ||
        !set_name(made->ssl_, server_name, context.verify_)) {
        return nullptr;
    }
    if (session != nullptr) {
        SSL_set_ex_data(made->ssl_, session_slot(), session);
        if (*session) {
            SSL_set_session(made->ssl_, session->get());
        }
    }
    SSL_set_ex_data(made->ssl_, end_slot(), &made->told_end_);
    SSL_set_connect_state(made->ssl_);
    return made;
}

TlsConnection::~TlsConnection() {
    // Without this, OpenSSL takes the session for one that broke, and no other may resume it.
    if (ssl_ != nullptr) {
        SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
    SSL_free(ssl_);
}

std::ptrdiff_t TlsConnection::result_of(int code) noexcept {
    switch (SSL_get_error(ssl_, code)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            errno = EAGAIN;
            return -1;
        case SSL_ERROR_ZERO_RETURN:
            return 0;
        case SSL_ERROR_SYSCALL:
            ERR_clear_error();
            if (errno == 0 || errno == EAGAIN) {
                return 0;
            }
            return -1;
        default:
            error_ = ERR_peek_last_error();
            ERR_clear_error();
            errno = EPROTO;
            return -1;
    }
}

std::ptrdiff_t TlsConnection::read(char* data, std::size_t size) noexcept {
    const int wanted = size < INT_MAX ? static_cast<int>(size) : INT_MAX;
    errno = 0;
    const int n = SSL_read(ssl_, data, wanted);
    return n > 0 ? n : result_of(n);
}

std::ptrdiff_t TlsConnection::write(const char* data, std::size_t size) noexcept {
    const int offered = size < INT_MAX ? static_cast<int>(size) : INT_MAX;
    errno = 0;
    const int n = SSL_write(ssl_, data, offered);
    if (n > 0) {
        return n;
    }
    const std::ptrdiff_t result = result_of(n);
    if (result == 0) {
        errno = EPIPE;
    }
    return -1;
}

int TlsConnection::handshake() noexcept {
    errno = 0;
    const int n = SSL_do_handshake(ssl_);
    return n == 1 ? 1 : static_cast<int>(result_of(n));
}

std::string TlsConnection::failure() const {
    const long verdict = SSL_get_verify_result(ssl_);
    if (verdict != X509_V_OK && SSL_get_verify_mode(ssl_) != SSL_VERIFY_NONE) {
        return fmt::format("the server's certificate is not trusted: {}",
                           X509_verify_cert_error_string(verdict));
    }
    return words_of(error_);
}

bool TlsConnection::resumed() const noexcept {
    return SSL_session_reused(ssl_) == 1;
}

}  // namespace plimsoll
