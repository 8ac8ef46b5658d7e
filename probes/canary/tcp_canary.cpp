#include "probes/canary/canary.hpp"
#include "probes/canary/canary_probe.hpp"
#include "probes/canary/tcp_socket.hpp"

#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

class TcpCanary final : public CanaryProbe {
public:
    explicit TcpCanary(TcpCanaryOptions options)
        : CanaryProbe(options.name, options.period),
          options_(std::move(options)),
          addresses_(options_.host) {}

private:
    [[nodiscard]] Result<Nanoseconds> attempt(Clock::time_point deadline) override {
        TcpSocket socket;
        Nanoseconds took{};
        if (Status up = addresses_.connect(socket, options_.port, deadline, took); !up) {
            return Error{up.error().what, fmt::format("{}:{}", options_.host, options_.port)};
        }
        return took;
    }

    TcpCanaryOptions options_;
    Addresses addresses_;
};

}  // namespace

ProbePtr make_tcp_canary(TcpCanaryOptions options) {
    return std::make_unique<TcpCanary>(std::move(options));
}

}  // namespace plimsoll
