#include "probes/target/thread_figures.hpp"

#include "base/fd.hpp"

#include <csignal>
#include <memory>
#include <sched.h>
#include <set>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ::testing::Optional;

// As `ps -L -o comm` shows them of OpenJDK 17 with each collector, and of .NET 8's server GC.
TEST(GcThread, IsKnownByItsName) {
    for (const char* name :
         {"GC Thread#0", "G1 Main Marker", "G1 Conc#0", "G1 Refine#0", "G1 Service", "ZWorker#1",
          "ZDriver", "ZDirector", "Shenandoah GC T", "VM Thread", ".NET Server GC", ".NET BGC"}) {
        EXPECT_TRUE(is_gc_thread(name)) << name;
    }
    for (const char* name : {"java", "node", "http-nio-8080-e", "C2 CompilerThre", "G1", ""}) {
        EXPECT_FALSE(is_gc_thread(name)) << name;
    }
}

double thread_seconds() {
    return to_seconds(thread_cpu_time());
}

void burn_thread(double seconds) {
    const double until = thread_seconds() + seconds;
    volatile double sink = 0;
    while (thread_seconds() < until) {
        for (int i = 0; i < 10'000; ++i) {
            sink = sink + i;
        }
    }
}

/// A process whose thread, named `name`, begins to burn `seconds` of CPU when it is told to, says
/// when it is done, and lives on. It is called `later`, where that is given, once it has begun.
class BurningThread {
public:
    BurningThread(const char* name, double seconds, const char* later = nullptr) {
        int go[2] = {-1, -1};
        int done[2] = {-1, -1};
        EXPECT_EQ(pipe(go), 0);
        EXPECT_EQ(pipe(done), 0);
        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            char byte = 0;
            std::thread worker([&] {
                prctl(PR_SET_NAME, name);
                if (write(done[1], "r", 1) != 1 || read(go[0], &byte, 1) != 1) {
                    _exit(1);
                }
                if (later != nullptr) {
                    prctl(PR_SET_NAME, later);
                }
                burn_thread(seconds);
                if (write(done[1], "d", 1) != 1) {
                    _exit(1);
                }
                for (;;) {
                    pause();
                }
            });
            worker.join();
        }
        ::close(go[0]);
        ::close(done[1]);
        go_.set(go[1]);
        done_.set(done[0]);
    }
    ~BurningThread() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    BurningThread(const BurningThread&) = delete;
    BurningThread& operator=(const BurningThread&) = delete;

    void wait() const {
        char byte = 0;
        EXPECT_EQ(read(done_.get(), &byte, 1), 1);
    }
    void go() const { EXPECT_EQ(write(go_.get(), "g", 1), 1); }
    [[nodiscard]] pid_t pid() const { return pid_; }

private:
    pid_t pid_ = -1;
    Fd go_, done_;
};

TEST(ThreadWatch, SeesTheBusiestThreadAndWhoCollectsGarbage) {
    for (const char* name : {"GC Thread#0", "worker"}) {
        const BurningThread target(name, 0.3);
        target.wait();  // the thread has its name
        ThreadWatch watch("/proc", target.pid());
        const Clock::time_point begin = Clock::now();
        const auto first = watch.sample(begin);
        ASSERT_TRUE(first);
        EXPECT_EQ(first->processes, 1);
        EXPECT_EQ(first->threads, 2);
        EXPECT_FALSE(first->hottest_ratio);
        target.go();
        target.wait();
        const Clock::time_point end = Clock::now();
        const auto second = watch.sample(end);
        ASSERT_TRUE(second);
        const double wall = to_seconds(end - begin);
        EXPECT_LE(second->hottest_ratio.value_or(9), 1.02);
        if (std::string_view(name) == "worker") {
            EXPECT_NEAR(second->hottest_ratio.value_or(0) * wall, 0.3, 0.02);
            EXPECT_FALSE(second->gc_cpu_s);
        } else {
            EXPECT_NEAR(second->hottest_ratio.value_or(9) * wall, 0, 0.02);
            EXPECT_NEAR(second->gc_cpu_s.value_or(0), 0.3, 0.02);
        }
        EXPECT_LE(second->run_delay_s + 0.3, wall + 0.02);
    }
}

TEST(ThreadWatch, KnowsABusyThreadThatGotItsNameLate) {
    const BurningThread target("worker", 0.3, "GC Thread#0");
    target.wait();
    ThreadWatch watch("/proc", target.pid());
    for (int i = 0; i < 5; ++i) {
        const auto idle = watch.sample(Clock::now());
        ASSERT_TRUE(idle);
        EXPECT_FALSE(idle->gc_cpu_s);
    }
    const Clock::time_point begin = Clock::now();
    ASSERT_TRUE(watch.sample(begin));
    target.go();
    target.wait();
    const Clock::time_point end = Clock::now();
    const auto busy = watch.sample(end);
    ASSERT_TRUE(busy);
    EXPECT_NEAR(busy->gc_cpu_s.value_or(0), 0.3, 0.02);
    EXPECT_NEAR(busy->hottest_ratio.value_or(9) * to_seconds(end - begin), 0, 0.02);
}

TEST(ThreadWatch, SeesThreadsWaitForACpu) {
    // Two that burn 0.2 s each on one core: while one runs, the other waits.
    cpu_set_t before;
    cpu_set_t one;
    ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
    CPU_ZERO(&one);
    std::size_t core = 0;
    while (!CPU_ISSET(core, &before)) {
        ++core;
    }
    CPU_SET(core, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    const BurningThread first("worker", 0.2);
    const BurningThread second("worker", 0.2);
    ASSERT_EQ(sched_setaffinity(0, sizeof(before), &before), 0);
    first.wait();
    second.wait();
    ThreadWatch watch_first("/proc", first.pid());
    ThreadWatch watch_second("/proc", second.pid());
    ASSERT_TRUE(watch_first.sample(Clock::now()) && watch_second.sample(Clock::now()));
    first.go();
    second.go();
    first.wait();
    second.wait();
    const auto one_figures = watch_first.sample(Clock::now());
    const auto other_figures = watch_second.sample(Clock::now());
    ASSERT_TRUE(one_figures && other_figures);
    EXPECT_GE(one_figures->run_delay_s + other_figures->run_delay_s, 0.15);
}

// Three processes of one tree and two behind: each burns as long as the others, or one of them
// much.
TEST(ThreadWatch, CountsThreadsThatShareTheWork) {
    std::vector<std::unique_ptr<BurningThread>> workers;
    std::set<pid_t> behind;
    for (const double seconds : {0.1, 0.1, 0.1, 0.1, 0.9}) {
        workers.push_back(std::make_unique<BurningThread>("worker", seconds));
        behind.insert(workers.back()->pid());
        workers.back()->wait();
    }
    ThreadWatch watch("/proc", workers.front()->pid(), {}, behind);
    const auto first = watch.sample(Clock::now());
    ASSERT_TRUE(first);
    EXPECT_EQ(first->processes, 5);
    EXPECT_EQ(first->threads, 10);
    EXPECT_FALSE(first->at_work);
    for (std::size_t i = 0; i < 4; ++i) {
        workers[i]->go();
        workers[i]->wait();
    }
    const auto equal = watch.sample(Clock::now());
    ASSERT_TRUE(equal && equal->at_work);
    EXPECT_NEAR(*equal->at_work, 4, 0.1);
    workers[4]->go();
    workers[4]->wait();
    const auto alone = watch.sample(Clock::now());
    ASSERT_TRUE(alone && alone->at_work);
    EXPECT_NEAR(*alone->at_work, 1, 0.02);
}

TEST(ThreadWatch, NeverFallsWhenThreadsEnd) {
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            std::thread([] { burn_thread(0.005); }).join();
        }
    }
    ThreadWatch watch("/proc", child);
    double last = 0;
    for (int i = 0; i < 50; ++i) {
        const auto figures = watch.sample(Clock::now());
        ASSERT_TRUE(figures);
        EXPECT_GE(figures->run_delay_s, last);
        last = figures->run_delay_s;
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    EXPECT_FALSE(watch.sample(Clock::now()));
}

}  // namespace
}  // namespace plimsoll
