// TLS for the engine's sockets: OpenSSL behind two small types.
#pragma once

#include "base/result.hpp"
#include "scenario/http_options.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_session_st;
struct ssl_st;

namespace plimsoll {

struct TlsSessionDeleter {
    void operator()(ssl_session_st* session) const noexcept;
};
/// What a server gave to resume by: made by a handshake, used by later ones to the same origin.
using TlsSession = std::unique_ptr<ssl_session_st, TlsSessionDeleter>;

/// Whom to trust and who we are. Made once for all shards; immutable.
class TlsContext {
public:
    /// Error: a file that cannot be read, is no certificate or key, or a key of another
    /// certificate; named by its flag.
    [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> create(
        const TlsOptions& options);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

private:
    friend class TlsConnection;
    TlsContext() = default;
    ssl_ctx_st* context_ = nullptr;
    bool verify_ = true;
};

/// One TLS connection over a connected non-blocking socket that someone else owns and closes. Holds
/// no buffers while it is idle. The thread must block SIGPIPE. Threading: one shard.
class TlsConnection {
public:
    /// `session`: where the origin keeps what it may resume by; read now, written whenever the
    /// server gives something new, as long as the connection lives. nullptr: no resumption. Null
    /// when there is no memory, or the name is no name.
    [[nodiscard]] static std::unique_ptr<TlsConnection> create(const TlsContext& context,
                                                               int socket,
                                                               const std::string& server_name,
                                                               TlsSession* session);
    ~TlsConnection();
    TlsConnection(const TlsConnection&) = delete;
    TlsConnection& operator=(const TlsConnection&) = delete;

    /// As recv and send: a count; 0 at the end (of reading); or -1 with errno EAGAIN when the
    /// socket must first become readable or writable, ECONNRESET or EPIPE when the connection is
    /// gone, EPROTO when TLS itself failed (then see `failure`). What was offered to a write that
    /// came to EAGAIN must be offered again.
    [[nodiscard]] std::ptrdiff_t read(char* data, std::size_t size) noexcept;
    [[nodiscard]] std::ptrdiff_t write(const char* data, std::size_t size) noexcept;
    /// 1 when done; 0 when the peer ended the connection; else as above.
    [[nodiscard]] int handshake() noexcept;
    /// Why the last call came to EPROTO: OpenSSL's words, or why the certificate was refused.
    [[nodiscard]] std::string failure() const;
    [[nodiscard]] bool resumed() const noexcept;
    /// Once `read` gave 0: whether the peer said that this is the end (close_notify). Else the
    /// connection may have been cut by anybody on the way.
    [[nodiscard]] bool ended_well() const noexcept { return told_end_; }

private:
    TlsConnection() = default;
    [[nodiscard]] std::ptrdiff_t result_of(int code) noexcept;
    ssl_st* ssl_ = nullptr;
    unsigned long error_ = 0;
    bool told_end_ = false;
};

}  // namespace plimsoll
