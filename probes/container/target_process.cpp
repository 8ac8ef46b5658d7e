#include "probes/container/target_process.hpp"

#include "probes/container/listening_process.hpp"
#include "probes/container/process_tree.hpp"

#include <algorithm>
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
    const auto stat = found ? read_stat(proc_, pid_) : std::nullopt;
    if (!stat) {
        pid_ = 0;
        last_error_ = found ? Error{fmt::format("process {} is gone", *found)} : found.error();
        last_error_.where = where_;
        look_again_ = Clock::now() + pause_;
        pause_ = std::min(pause_ * 2, kLongestPause);
        return last_error_;
    }
    start_ticks_ = stat->start_ticks;
    pause_ = kFirstPause;
    return pid_;
}

Result<pid_t> TargetProcess::current(Clock::time_point deadline) {
    const auto stat = pid_ == 0 ? std::nullopt : read_stat(proc_, pid_);
    if (stat && stat->start_ticks == start_ticks_) {
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
