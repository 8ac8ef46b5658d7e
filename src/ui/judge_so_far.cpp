#include "ui/judge_so_far.hpp"

#include "analysis/analyse.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <ctime>
#include <sys/resource.h>

namespace plimsoll {
namespace {

constexpr int kLastOfAll = 19;  // as nice(1)
constexpr int kRestForWork = 200;

Nanoseconds cpu_of_thread() {
    timespec spent{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return std::chrono::seconds(spent.tv_sec) + Nanoseconds(spent.tv_nsec);
}

Result<Analysis> analysis_of(const std::filesystem::path& run) {
    const auto reader = RunReader::open(run);
    return reader ? analyse(*reader) : Result<Analysis>(reader.error());
}

}  // namespace

JudgeSoFar::JudgeSoFar(std::filesystem::path run, Nanoseconds period, Wanted wanted, Heard heard)
    : run_(std::move(run)),
      period_(period),
      wanted_(std::move(wanted)),
      heard_(std::move(heard)),
      thread_([this] { work(); }) {}

void JudgeSoFar::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
}

JudgeSoFar::~JudgeSoFar() {
    stop();
    thread_.join();
}

void JudgeSoFar::judge() {
    auto analysis = analysis_of(run_);
    if (analysis) {
        heard_(std::make_shared<const Analysis>(*std::move(analysis)));
    } else {
        spdlog::debug("no verdict so far reason=\"{}\"", analysis.error().to_string());
    }
}

void JudgeSoFar::work() {
    static_cast<void>(::setpriority(PRIO_PROCESS, 0, kLastOfAll));  // of this thread alone
    Nanoseconds pause = period_;
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, pause, [this] { return stopping_; })) {
        lock.unlock();
        const Nanoseconds before = cpu_of_thread();
        if (wanted_()) {
            judge();
        }
        pause = std::max(period_, kRestForWork * (cpu_of_thread() - before));
        lock.lock();
    }
}

}  // namespace plimsoll
