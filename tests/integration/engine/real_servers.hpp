// Servers that we did not write, for the engine's tests: nginx with certificates of every kind, and
// Python's http.server.
#pragma once

#include "tests/support/child_process.hpp"
#include "tests/support/temp_folder.hpp"

#include <memory>
#include <string>
#include <vector>

namespace plimsoll::test {

/// One certificate authority and what it signed; files in `folder`.
///   ca.pem, localhost.pem (also 127.0.0.1 and ::1), expired.pem, elsewhere.pem (another host's),
///   self.pem (signed by itself), client.pem; keys beside them as NAME.key
void make_certificates(const TempFolder& folder);

/// nginx on free loopback ports; each answers "GET /" with "hello\n", those with TLS "GET /flood"
/// with the file of that name.
class Nginx {
public:
    explicit Nginx(const TempFolder& folder);

    [[nodiscard]] std::string plain() const { return url("http", plain_); }
    [[nodiscard]] std::string good() const { return url("https", good_); }
    [[nodiscard]] std::string expired() const { return url("https", expired_); }
    [[nodiscard]] std::string elsewhere() const { return url("https", elsewhere_); }
    [[nodiscard]] std::string self_signed() const { return url("https", self_signed_); }
    [[nodiscard]] std::string wants_client() const { return url("https", wants_client_); }
    [[nodiscard]] std::string old_tls() const { return url("https", old_tls_); }
    [[nodiscard]] unsigned short plain_port() const { return plain_; }
    [[nodiscard]] std::string unix_socket() const { return socket_; }
    /// Lines of "<ssl_session_reused> <ssl_server_name>", one for each request over TLS.
    [[nodiscard]] std::vector<std::string> tls_log() const;

private:
    [[nodiscard]] static std::string url(const char* scheme, unsigned short port) {
        return std::string(scheme) + "://localhost:" + std::to_string(port);
    }
    [[nodiscard]] std::string config() const;

    std::string folder_;
    std::string socket_;
    unsigned short plain_, good_, expired_, elsewhere_, self_signed_, wants_client_, old_tls_;
    std::unique_ptr<ChildProcess> process_;
};

/// tests/integration/engine/tls_end.py, with the certificate of `make_certificates`.
class TlsEnds {
public:
    explicit TlsEnds(const TempFolder& folder);
    [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }

private:
    unsigned short port_;
    std::unique_ptr<ChildProcess> process_;
};

/// tests/integration/engine/oracle.py, which answers each request with what it got and logs that.
class PythonOracle {
public:
    explicit PythonOracle(const TempFolder& folder);
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] unsigned short port() const { return port_; }
    /// One line a request: METHOD TARGET bytes=N sha256=HEX host=.. cookie=.. auth=.. type=.. and
    /// more
    [[nodiscard]] std::vector<std::string> log() const;

private:
    std::string log_;
    unsigned short port_;
    std::unique_ptr<ChildProcess> process_;
};

}  // namespace plimsoll::test
