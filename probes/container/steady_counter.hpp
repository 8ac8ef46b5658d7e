// Counters that only rise, made of figures that may dip, or come from another place at times.
#pragma once

#include "probes/container/cgroup.hpp"

#include <array>
#include <filesystem>

namespace plimsoll {

/// A counter from sums that may dip for a moment. Never falls: a dip adds nothing, and the rise
/// that follows it at once is taken as the dip's recovery, not as new.
class SteadyCounter {
public:
    /// The first sum is where the counter starts.
    double update(double sum);
    /// What is summed is now another thing: the next sum adds nothing.
    void rebase() noexcept { known_ = false; }

private:
    double total_ = 0;
    double last_ = 0;
    double dip_ = 0;
    bool known_ = false;
    bool started_ = false;
};

/// Makes the counters of a cgroup go on where its process is moved into another one, or where
/// another of its parents has the tightest quota by now.
class SteadyCgroup {
public:
    /// Replaces each counter in `sample` that is known.
    void update(CgroupSample& sample);
    /// The next sample is of another cgroup: all its counters but CPU time add nothing.
    void rebase_limits() noexcept;
    /// CPU time is another's as well.
    void rebase() noexcept;

private:
    SteadyCounter cpu_;
    SteadyCounter periods_, throttled_periods_, throttled_;
    SteadyCounter oom_kills_;
    std::array<SteadyCounter, 3> some_, full_;
    std::filesystem::path quota_;  // the cgroup whose periods were last counted
};

}  // namespace plimsoll
