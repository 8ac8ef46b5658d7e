// Private to net: TLS for a client socket, with the certificate checked unless told otherwise.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace plimsoll::net {

/// What a step of a non-blocking transfer came to.
enum class StepKind { Done, WantRead, WantWrite, Closed, Failed };
struct Step {
    StepKind kind = StepKind::Done;
    std::size_t bytes = 0;
    std::string reason = {};  // only for Failed
};

/// Certificates to trust and whether to insist. Made once, used for every connection of a client.
class TlsContext {
public:
    /// `ca_file`: PEM file to trust instead of the system's; empty for the system's. `cert_file`
    /// and `key_file`: what to show to the server; empty for nothing.
    [[nodiscard]] static Result<std::unique_ptr<TlsContext>> create(const std::string& ca_file,
                                                                    bool verify,
                                                                    const std::string& cert_file,
                                                                    const std::string& key_file);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

private:
    friend class TlsSession;
    TlsContext() = default;
    void* context_ = nullptr;  // SSL_CTX
    bool verify_ = true;
};

/// One TLS connection over a connected non-blocking socket that someone else owns and closes.
/// Threading: one thread. The socket and the context must outlive it.
class TlsSession {
public:
    [[nodiscard]] static Result<std::unique_ptr<TlsSession>> create(const TlsContext& context,
                                                                    int fd,
                                                                    const std::string& host);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    [[nodiscard]] Step handshake();
    [[nodiscard]] Step read(char* data, std::size_t size);
    [[nodiscard]] Step write(const char* data, std::size_t size);

private:
    TlsSession() = default;
    [[nodiscard]] Step outcome(int code, std::size_t bytes) const;
    void* session_ = nullptr;  // SSL
};

}  // namespace plimsoll::net
