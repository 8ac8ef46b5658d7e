// Steers a run while it goes on, over HTTP on loopback.
#pragma once

#include "base/result.hpp"
#include "base/units.hpp"
#include "net/http_server.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace plimsoll {

/// What a caller asks for; see docs/control.md.
struct ControlRequest {
    std::optional<std::string> executor;  // none: the only externally controlled one
    std::optional<Rate> rate;
    std::optional<std::uint32_t> vus;
    std::optional<bool> paused;
    std::optional<std::string> note;  // becomes an event of the run
    bool stop = false;
};

/// The longest note that is taken, in bytes.
inline constexpr std::size_t kLongestNote = 500;

/// GET /v1/status and PATCH /v1/status. Threading: the callbacks are called on the server's thread
/// and must not block; none comes after `stop` has returned.
class ControlServer {
public:
    using StatusText = std::function<std::string()>;  // JSON
    using Apply = std::function<Status(const ControlRequest&)>;

    /// Error: the port is taken, or the address is none.
    [[nodiscard]] static Result<ControlServer> start(const std::string& address, std::uint16_t port,
                                                     StatusText status, Apply apply);
    [[nodiscard]] std::string url() const { return server_.url(); }
    void stop() { server_.stop(); }

private:
    explicit ControlServer(HttpServer server) : server_(std::move(server)) {}
    HttpServer server_;
};

/// Reads the body of a PATCH. Error: no JSON object, an unknown key, or a value that cannot be.
[[nodiscard]] Result<ControlRequest> read_control_request(const std::string& body);

}  // namespace plimsoll
