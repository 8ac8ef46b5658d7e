#include "probes/container/target_process.hpp"

#include "probes/container/listening_process.hpp"

#include <algorithm>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {

TargetProcess::TargetProcess(std::uint16_t port, std::filesystem::path proc,
                             std::string docker_host, std::string where)
    : port_(port),
      proc_(std::move(proc)),
      docker_host_(std::move(docker_host)),
      where_(std::move(where)) {}

Result<pid_t> TargetProcess::find(Clock::time_point deadline) {
    const std::string engine = docker_host_.empty() ? engine_from_environment() : docker_host_;
    const auto found = find_target_process(port_, proc_, engine, deadline);
    pid_ = found ? *found : 0;
    folder_.reset();
    if (found) {
        const std::filesystem::path folder = proc_ / std::to_string(pid_);
        folder_ = Fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    }
    if (!lives()) {
        pid_ = 0;
        last_error_ = found ? Error{fmt::format("process {} is gone", *found)} : found.error();
        last_error_.where = where_;
        look_again_ = Clock::now() + pause_;
        pause_ = std::min(pause_ * 2, kLongestPause);
        return last_error_;
    }
    pause_ = kFirstPause;
    return pid_;
}

/// Asked ten times a second: whether the file is there costs a tenth of what reading it does.
bool TargetProcess::lives() const {
    return folder_.get() >= 0 && ::faccessat(folder_.get(), "stat", F_OK, 0) == 0;
}

Result<pid_t> TargetProcess::current(Clock::time_point deadline) {
    if (pid_ != 0 && lives()) {
        return pid_;
    }
    pid_ = 0;
    const Clock::time_point now = Clock::now();
    if (now < look_again_) {
        return last_error_;
    }
    return find(std::min<Clock::time_point>(deadline, now + kAskEngine));
}

}  // namespace plimsoll
