// What a run comes to so far, while it goes on.
#pragma once

#include "analysis/result.hpp"
#include "base/clock.hpp"

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace plimsoll {

/// Analyses the run file again and again, as the report will in the end, on a thread that stands
/// back behind all others: every `period`, and so seldom that it takes at most 0.5 % of a
/// processor. What cannot be read yet is left for the next time.
class JudgeSoFar {
public:
    // Called on the thread.
    using Wanted = std::function<bool()>;  // whether anybody would hear it now
    using Heard = std::function<void(std::shared_ptr<const Analysis>)>;

    JudgeSoFar(std::filesystem::path run, Nanoseconds period, Wanted wanted, Heard heard);
    /// Begins no more, and waits for nothing.
    void stop();
    /// Waits for the one that is under way.
    ~JudgeSoFar();
    JudgeSoFar(const JudgeSoFar&) = delete;
    JudgeSoFar& operator=(const JudgeSoFar&) = delete;

private:
    void work();
    void judge();

    std::filesystem::path run_;
    Nanoseconds period_;
    Wanted wanted_;
    Heard heard_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace plimsoll
