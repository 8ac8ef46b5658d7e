#include "probes/container/steady_counter.hpp"

#include <algorithm>
#include <optional>

namespace plimsoll {
namespace {

void replace(std::optional<double>& figure, SteadyCounter& counter) {
    if (figure) {
        figure = counter.update(*figure);
    }
}

}  // namespace

double SteadyCounter::update(double sum) {
    if (!started_) {
        total_ = sum;
        started_ = true;
    } else if (known_) {
        const double rise = sum - last_;
        if (rise < 0) {
            dip_ -= rise;
        } else {
            total_ += std::max(rise - dip_, 0.0);
            dip_ = 0;
        }
    }
    last_ = sum;
    known_ = true;
    return total_;
}

void SteadyCgroup::update(CgroupSample& sample) {
    if (sample.periods && sample.quota != quota_) {
        quota_ = sample.quota;
        for (SteadyCounter* counter : {&periods_, &throttled_periods_, &throttled_}) {
            counter->rebase();
        }
    }
    replace(sample.cpu_s, cpu_);
    replace(sample.periods, periods_);
    replace(sample.throttled_periods, throttled_periods_);
    replace(sample.throttled_s, throttled_);
    replace(sample.oom_kills, oom_kills_);
    for (std::size_t i = 0; i < sample.pressure.size(); ++i) {
        replace(sample.pressure[i].some_s, some_[i]);
        replace(sample.pressure[i].full_s, full_[i]);
    }
}

void SteadyCgroup::rebase_limits() noexcept {
    quota_.clear();
    oom_kills_.rebase();
    for (std::size_t i = 0; i < some_.size(); ++i) {
        some_[i].rebase();
        full_[i].rebase();
    }
}

void SteadyCgroup::rebase() noexcept {
    cpu_.rebase();
    rebase_limits();
}

}  // namespace plimsoll
