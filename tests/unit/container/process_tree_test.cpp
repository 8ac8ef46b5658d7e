#include "probes/container/process_tree.hpp"

#include "busy_child.hpp"
#include "probes/container/port_owner.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <sys/mman.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::BusyChild;

TEST(ParseStat, ReadsACommandWithSpacesAndParentheses) {
    const auto stat = parse_stat(
        "4711 (postgres: (a) b) S 12 4711 4711 0 -1 4194304 1 2 3 4 150 50 700 300 20 0 6 0 98765 "
        "1 2 3");
    ASSERT_TRUE(stat);
    EXPECT_EQ(stat->command, "postgres: (a) b");
    EXPECT_EQ(stat->parent, 12);
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    EXPECT_DOUBLE_EQ(stat->own_cpu_s, 200 / ticks);
    EXPECT_DOUBLE_EQ(stat->reaped_cpu_s, 1000 / ticks);
    EXPECT_EQ(stat->threads, 6);
    EXPECT_EQ(stat->start_ticks, 98765U);
    EXPECT_FALSE(parse_stat(""));
    EXPECT_FALSE(parse_stat("1 (cut) S 1 2"));
}

void burn_with_children() {
    test::burn(0.4);
    for (int i = 0; i < 3; ++i) {  // these end and are waited for: their time moves to the parent
        waitpid(test::fork_worker([] { test::burn(0.2); }), nullptr, 0);
    }
}

TEST(ProcessTree, AgreesWithGetrusageAboutAProcessAndItsEndedChildren) {
    for (const bool scan : {false, true}) {
        BusyChild child(burn_with_children);
        ProcessTree tree("/proc", child.pid());
        if (scan) {
            tree.scan_all_processes();
        }
        const double reported = child.wait_for_report();
        ASSERT_GE(reported, 1.0);
        const auto sample = tree.sample();
        ASSERT_TRUE(sample);
        EXPECT_NEAR(sample->cpu_s, reported, 0.09);  // four processes, two counters of 10 ms ticks
        EXPECT_EQ(sample->processes, 1U);
    }
}

TEST(ProcessTree, CountsLivingDescendantsAndNeverFallsWhenTheyEnd) {
    BusyChild child([] {
        for (int i = 0; i < 8; ++i) {
            const pid_t worker = test::fork_worker([] {
                const pid_t inner = test::fork_worker([] { test::burn(0.05); });
                test::burn(0.05);
                waitpid(inner, nullptr, 0);
            });
            waitpid(worker, nullptr, 0);
        }
    });
    ProcessTree tree("/proc", child.pid());
    double last = 0;
    std::size_t most = 0;
    double reported = -1;
    std::thread waiting([&] { reported = child.wait_for_report(); });
    const auto limit = std::chrono::steady_clock::now() + 60s;
    while (last < 0.7 && std::chrono::steady_clock::now() < limit) {
        const auto sample = tree.sample();
        ASSERT_TRUE(sample);
        EXPECT_GE(sample->cpu_s, last);
        last = sample->cpu_s;
        most = std::max(most, sample->processes);
        std::this_thread::sleep_for(2ms);
    }
    waiting.join();
    const auto sample = tree.sample();
    ASSERT_TRUE(sample);
    EXPECT_GE(reported, 0.8);  // 16 × 0.05 s
    // Each of 17 processes may be short of two ticks; the bridge over a dip may cost a few more.
    EXPECT_NEAR(sample->cpu_s, reported, 0.34 + 0.1);
    EXPECT_GE(most, 2U);
}

TEST(ProcessTree, LeavesOutAChildThatIsAnothersWithAllBelowIt) {
    int let_go[2] = {-1, -1};
    ASSERT_EQ(pipe(let_go), 0);
    const pid_t app = test::fork_worker([&] {  // an application that has started its database
        const pid_t database = test::fork_worker([&] {
            const pid_t backend = test::fork_worker([&] {
                char end = 0;
                while (read(let_go[0], &end, 1) < 0) {
                }
            });
            waitpid(backend, nullptr, 0);
        });
        waitpid(database, nullptr, 0);
    });
    ProcessTree whole("/proc", app);
    std::vector<pid_t> members;
    while (members.size() < 3) {
        ASSERT_TRUE(whole.sample());
        members = whole.members();
    }
    const auto parent_of = [](pid_t pid) { return read_stat("/proc", pid)->parent; };
    const auto database = std::find_if(members.begin(), members.end(),
                                       [&](pid_t pid) { return parent_of(pid) == app; });
    ASSERT_NE(database, members.end());
    for (const bool scan : {false, true}) {
        ProcessTree tree("/proc", app, {*database, app});
        if (scan) {
            tree.scan_all_processes();
        }
        const auto sample = tree.sample();
        ASSERT_TRUE(sample);
        EXPECT_EQ(sample->processes, 1U);
        EXPECT_EQ(tree.members(), std::vector<pid_t>{app});
    }
    EXPECT_EQ(write(let_go[1], "x", 1), 1);
    waitpid(app, nullptr, 0);
    close(let_go[0]);
    close(let_go[1]);
}

TEST(ProcessTree, KeepsADaemonWhoseParentHasEnded) {
    int told[2] = {-1, -1};
    int let_go[2] = {-1, -1};
    ASSERT_EQ(pipe(told), 0);
    ASSERT_EQ(pipe(let_go), 0);
    BusyChild child([&] {
        const pid_t parent = test::fork_worker([&] {
            const pid_t daemon = test::fork_worker([] {
                for (;;) {
                    pause();
                }
            });
            char go = 0;
            if (write(told[1], &daemon, sizeof(daemon)) < 0 || read(let_go[0], &go, 1) < 0) {
                _exit(1);
            }
        });
        waitpid(parent, nullptr, 0);
    });
    pid_t daemon = -1;
    ASSERT_EQ(read(told[0], &daemon, sizeof(daemon)), static_cast<ssize_t>(sizeof(daemon)));
    ProcessTree tree("/proc", child.pid());
    const auto before = tree.sample();
    EXPECT_EQ(write(let_go[1], "x", 1), 1);
    EXPECT_GE(child.wait_for_report(), 0);  // the daemon's parent is gone by now
    const auto after = tree.sample();
    kill(daemon, SIGKILL);
    for (const int fd : {told[0], told[1], let_go[0], let_go[1]}) {
        close(fd);
    }
    ASSERT_TRUE(before && after);
    EXPECT_EQ(before->processes, 3U);
    EXPECT_EQ(after->processes, 2U);
}

constexpr std::size_t kMiB = std::size_t{1024} * 1024;

/// What a process with two children takes, of which each has its own `own` bytes and all three
/// map the same `shared` bytes. The kernel makes the pages resident, so that a sanitizer's
/// book-keeping does not count.
double memory_of_family(std::size_t shared, std::size_t own) {
    BusyChild child([&] {
        constexpr int kPages = PROT_READ | PROT_WRITE;
        void* common =
            mmap(nullptr, shared, kPages, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        int ready[2] = {-1, -1};
        if (pipe(ready) != 0) {
            _exit(1);
        }
        for (int i = 0; i < 2; ++i) {
            test::fork_worker([&] {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                madvise(common, shared, MADV_POPULATE_READ);
                static_cast<void>(
                    mmap(nullptr, own, kPages, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
                if (write(ready[1], "x", 1) != 1) {
                    _exit(1);
                }
                for (;;) {
                    pause();
                }
            });
        }
        char done = 0;
        for (int i = 0; i < 2; ++i) {
            if (read(ready[0], &done, 1) != 1) {
                _exit(1);
            }
        }
    });
    EXPECT_GE(child.wait_for_report(), 0);
    ProcessTree tree("/proc", child.pid());
    const auto sample = tree.sample();
    EXPECT_TRUE(sample);
    EXPECT_EQ(sample->processes, 3U);
    return sample->memory_bytes;
}

TEST(ProcessTree, CountsPrivateMemoryOfEachAndSharedMemoryOnce) {
    const double small = memory_of_family(4096, 4096);
    const double large = memory_of_family(128 * kMiB, 32 * kMiB);
    // One shared and two private mappings; by resident sizes alone it would be 448 MiB more.
    // Small's largest shared part is the program itself, which the mapping then outgrows or joins.
    EXPECT_NEAR((large - small) / kMiB, 128 + 2 * 32, 8);
}

TEST(ProcessTree, EndsWithItsRoot) {
    BusyChild child([] {});
    ASSERT_GE(child.wait_for_report(), 0);
    ProcessTree tree("/proc", child.pid());
    EXPECT_TRUE(tree.sample());
    child.end();
    EXPECT_FALSE(tree.sample());
}

TEST(FindListener, FindsTheMasterOfThoseThatShareASocket) {
    for (const int family : {AF_INET, AF_INET6}) {
        const int fd = socket(family, SOCK_STREAM, 0);
        ASSERT_GE(fd, 0);
        sockaddr_in6 address{};  // big enough for both; zeros are any address, any port
        address.sin6_family = static_cast<sa_family_t>(family);
        if (family == AF_INET) {
            reinterpret_cast<sockaddr_in*>(&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        } else {
            address.sin6_addr = in6addr_loopback;
        }
        socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        ASSERT_EQ(bind(fd, generic, size), 0);
        ASSERT_EQ(listen(fd, 4), 0);
        getsockname(fd, generic, &size);
        const std::uint16_t port = ntohs(address.sin6_port);  // at the same place in both
        BusyChild master([] {
            for (int i = 0; i < 2; ++i) {
                test::fork_worker([] {
                    prctl(PR_SET_PDEATHSIG, SIGKILL);
                    for (;;) {
                        pause();
                    }
                });
            }
        });
        ASSERT_GE(master.wait_for_report(), 0);
        // We hold the socket too, and are the parent of all; then only they do.
        EXPECT_EQ(*find_listener(port, "/proc"), getpid());
        close(fd);
        EXPECT_EQ(*find_listener(port, "/proc"), master.pid());
    }
}

TEST(FindListener, SaysThatNobodyListens) {
    const auto nobody = find_listener(1, "/proc");
    ASSERT_FALSE(nobody.ok());
    EXPECT_EQ(nobody.error().what, "nobody listens on port 1 of this machine");
}

}  // namespace
}  // namespace plimsoll
