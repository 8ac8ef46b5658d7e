// The process behind a port, found again after a restart.
#pragma once

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>

namespace plimsoll {

/// Remembers which process serves a port (find_target_process). One that is gone is looked for
/// again with a growing pause (a second, doubled up to ten), since that reads every process's
/// descriptors. Threading: one thread.
class TargetProcess {
public:
    /// `where` names the probe in errors.
    TargetProcess(std::uint16_t port, std::filesystem::path proc, std::string docker_host,
                  std::string where);

    /// Looks for it anew. An engine is asked until `deadline`.
    [[nodiscard]] Result<pid_t> find(Clock::time_point deadline);
    /// The process, while it lives; else as `find`, or the last Error while the pause lasts. In
    /// mid-run a probe thread has no more than kAskEngine for an engine that hangs.
    [[nodiscard]] Result<pid_t> current(Clock::time_point deadline);

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    static constexpr Nanoseconds kAskEngine = std::chrono::milliseconds(100);

private:
    [[nodiscard]] bool lives() const;

    std::uint16_t port_;
    std::filesystem::path proc_;
    std::string docker_host_, where_;
    pid_t pid_ = 0;
    Fd folder_;  // the process's own: empty once it has ended, even where its pid is another's
    Error last_error_{"not looked for yet"};
    Clock::time_point look_again_{};
    Nanoseconds pause_ = kFirstPause;

    static constexpr Nanoseconds kFirstPause = std::chrono::seconds(1);
    static constexpr Nanoseconds kLongestPause = std::chrono::seconds(10);
};

}  // namespace plimsoll
