#include "probes/container/container_probe.hpp"

#include "busy_child.hpp"
#include "signal/names.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/unit/container/fixtures.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using test::BusyChild;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

std::map<std::string, double> values(const Probe& probe, const Reading& reading,
                                     const std::vector<std::string>& labels) {
    std::map<std::string, double> found;
    for (const Value& value : reading.values) {
        EXPECT_EQ(value.labels, labels);
        found[probe.descriptors()[value.metric].name] = value.value;
    }
    return found;
}

TEST(ContainerProbe, ReportsACgroupUnderItsLastName) {
    ContainerProbeOptions options;
    options.cgroup = "/shop.slice/web.scope";
    options.role = "app";
    options.cgroup_root = kFixtures / "v2";
    const ProbePtr probe = make_container_probe(options);
    EXPECT_EQ(probe->name(), "container:web.scope");
    ASSERT_TRUE(probe->start(Clock::now() + 1s).ok());
    EXPECT_THAT(probe->facts(), Contains(Pair("cgroup_version", "2")));
    EXPECT_THAT(probe->facts(), Contains(Pair("cpu_limit_cores", "1.5")));
    const Result<Reading> reading = probe->read(Clock::now() + 1s);
    ASSERT_TRUE(reading.ok());
    EXPECT_EQ(values(*probe, *reading, {"web.scope", "app"}),
              (std::map<std::string, double>{{metric::kContainerCpuSeconds, 12.345678},
                                             {metric::kContainerCpuLimit, 1.5},
                                             {metric::kContainerPeriods, 400},
                                             {metric::kContainerThrottled, 120},
                                             {metric::kContainerThrottledSeconds, 0.000777},
                                             {metric::kContainerMemory, 62914560},
                                             {metric::kContainerMemoryLimit, 1073741824},
                                             {metric::kContainerOomKills, 2}}));
}

TEST(ContainerProbe, TellsACgroupWithoutAControllerFromOneThatIsGone) {
    const test::TempFolder root;
    const fs::path folder = root.path() / "cpu" / "shop";  // version 1, neither cpuacct nor memory
    fs::create_directories(folder);
    std::ofstream(folder / "cpu.cfs_quota_us") << "50000\n";
    ContainerProbeOptions options;
    options.cgroup = "/shop";
    options.cgroup_root = root.path();
    const ProbePtr probe = make_container_probe(options);
    const Status started = probe->start(Clock::now() + 1s);
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().to_string(),
                HasSubstr("the cgroup has no figures of CPU time or memory: /shop"));
    const auto error = [&] { return probe->read(Clock::now() + 1s).error().to_string(); };
    EXPECT_THAT(error(), HasSubstr("the cgroup has no figures of CPU time or memory: /shop"));
    fs::remove_all(folder);
    EXPECT_THAT(error(), HasSubstr("the cgroup is gone: /shop"));
}

TEST(ContainerProbe, RefusesWhatItCannotProbe) {
    const auto start_error = [](const ContainerProbeOptions& options) {
        const Status status = make_container_probe(options)->start(Clock::now() + 1s);
        return status ? std::string() : status.error().to_string();
    };
    ContainerProbeOptions none;
    none.name = "web";
    EXPECT_EQ(start_error(none),
              "process:web: a container probe wants exactly one of docker, label, pods, cgroup, "
              "pid and port");
    ContainerProbeOptions two;
    two.pid = 1;
    two.cgroup = "/x";
    EXPECT_THAT(start_error(two), HasSubstr("exactly one"));
    ContainerProbeOptions gone;
    gone.pid = 2'000'000'000;
    EXPECT_EQ(start_error(gone), "process:pid:2000000000: there is no process 2000000000");
    ContainerProbeOptions nowhere;
    nowhere.cgroup = "/plimsoll-nowhere";
    EXPECT_THAT(start_error(nowhere), HasSubstr("there is no cgroup \"/plimsoll-nowhere\""));
}

/// A copy of the cgroups `v2` and a process 42 at their root, both to be changed.
class MadeProcess {
public:
    MadeProcess() {
        fs::copy(kFixtures / "v2", cgroups(), fs::copy_options::recursive);
        fs::create_directories(folder());
        set_state('S');
        std::ofstream(folder() / "statm") << "500 100 20 1 0 30 0\n";
        move_to("/");
    }
    void move_to(const std::string& cgroup) const {
        std::ofstream(folder() / "cgroup") << "0::" << cgroup << "\n";
    }
    void set_throttling(int periods, int throttled) const {
        std::ofstream(cgroups() / "shop.slice/cpu.stat")
            << "usage_usec 1\nnr_periods " << periods << "\nnr_throttled " << throttled
            << "\nthrottled_usec " << throttled * 1000 << "\n";
    }
    void set_kills(int kills) const {
        std::ofstream(cgroups() / "shop.slice/web.scope/memory.events")
            << "low 0\nhigh 0\nmax 9\noom 1\noom_kill " << kills << "\n";
    }
    void set_state(char state, int threads = 1) const {
        std::ofstream(folder() / "stat") << "42 (web) " << state
                                         << " 1 42 42 0 -1 4194304 1 2 3 4 150 50 0 0 "
                                            "20 0 "
                                         << threads << " 0 98765 1 2 3\n";
    }
    void remove() const { fs::remove_all(folder()); }
    /// Of this process, called "web"; not started.
    [[nodiscard]] ProbePtr probe() const {
        ContainerProbeOptions options;
        options.pid = 42;
        options.name = "web";
        options.proc_root = proc();
        options.cgroup_root = cgroups();
        return make_container_probe(options);
    }

private:
    [[nodiscard]] fs::path proc() const { return root_.path() / "proc"; }
    [[nodiscard]] fs::path cgroups() const { return root_.path() / "cgroup"; }
    [[nodiscard]] fs::path folder() const { return proc() / "42"; }
    test::TempFolder root_;
};

TEST(ContainerProbe, FollowsAProcessIntoTheCgroupThatAQuotaMovesItTo) {
    const MadeProcess process;
    const ProbePtr probe = process.probe();
    ASSERT_TRUE(probe->start(Clock::now() + 1s).ok());
    const auto read = [&] {
        const Result<Reading> reading = probe->read(Clock::now() + 1s);
        EXPECT_TRUE(reading.ok());
        return values(*probe, *reading, {"web", ""});
    };
    const auto unlimited = read();
    EXPECT_EQ(unlimited.count(metric::kContainerPeriods), 0U);
    EXPECT_DOUBLE_EQ(unlimited.at(metric::kContainerCpuSeconds), 2.0);

    process.set_throttling(400, 120);
    process.move_to("/shop.slice/web.scope");
    auto moved = read();
    EXPECT_DOUBLE_EQ(moved.at(metric::kContainerCpuLimit), 1.5);
    EXPECT_DOUBLE_EQ(moved.at(metric::kContainerPeriods), 400);
    EXPECT_DOUBLE_EQ(moved.at(metric::kContainerCpuSeconds), 2.0);
    process.set_throttling(410, 129);
    EXPECT_DOUBLE_EQ(read().at(metric::kContainerThrottled), 129);

    process.move_to("/");
    EXPECT_EQ(read().count(metric::kContainerCpuLimit), 0U);
    process.set_throttling(9000, 700);
    process.move_to("/shop.slice/web.scope");
    moved = read();
    EXPECT_DOUBLE_EQ(moved.at(metric::kContainerPeriods), 410);  // what others did there is not its
    EXPECT_DOUBLE_EQ(moved.at(metric::kContainerThrottled), 129);
    process.set_throttling(9010, 709);
    EXPECT_DOUBLE_EQ(read().at(metric::kContainerPeriods), 420);
}

// What a kill for lack of memory looks like from outside: the cgroup counts it, the process is
// (under version 1) listed at the root on its way out, then a zombie if nobody waits for it, then
// gone.
TEST(ContainerProbe, TellsAKillForLackOfMemoryWhateverIsLeftOfTheProcess) {
    using Change = void (*)(const MadeProcess&);
    for (const Change end : {Change([](const MadeProcess& process) { process.remove(); }),
                             Change([](const MadeProcess& process) {
                                 process.move_to("/");
                                 process.set_state('Z');
                             }),
                             Change([](const MadeProcess& process) { process.move_to("/"); })}) {
        const MadeProcess process;
        process.move_to("/shop.slice/web.scope");
        process.set_kills(3);
        const ProbePtr probe = process.probe();
        ASSERT_TRUE(probe->start(Clock::now() + 1s).ok());
        const auto before = probe->read(Clock::now() + 1s);
        ASSERT_TRUE(before.ok());
        const double kills = values(*probe, *before, {"web", ""}).at(metric::kContainerOomKills);
        process.set_kills(4);
        end(process);
        const auto last = probe->read(Clock::now() + 1s);
        ASSERT_TRUE(last.ok());
        EXPECT_DOUBLE_EQ(values(*probe, *last, {"web", ""}).at(metric::kContainerOomKills),
                         kills + 1);
        process.remove();
        const auto gone = probe->read(Clock::now() + 1s);
        ASSERT_FALSE(gone.ok());
        EXPECT_EQ(gone.error().to_string(), "process:web: process 42 is gone");
        process.set_kills(5);  // of somebody else who is still there
        EXPECT_FALSE(probe->read(Clock::now() + 1s).ok());
    }
}

TEST(ContainerProbe, ReportsAZombieAsGone) {
    const MadeProcess process;
    const ProbePtr probe = process.probe();
    ASSERT_TRUE(probe->start(Clock::now() + 1s).ok());
    process.set_state('Z', 3);  // its main thread has ended, and others work on
    EXPECT_TRUE(probe->read(Clock::now() + 1s).ok());
    process.set_state('Z');
    const auto gone = probe->read(Clock::now() + 1s);
    ASSERT_FALSE(gone.ok());
    EXPECT_EQ(gone.error().to_string(), "process:web: process 42 is gone");
}

TEST(ContainerProbe, ReportsAProcessAndAGapWhenItIsGone) {
    BusyChild child([] { test::burn(0.3); });
    const double used = child.wait_for_report();
    ContainerProbeOptions options;
    options.pid = child.pid();
    options.name = "lab";
    options.role = "app";
    const ProbePtr probe = make_container_probe(options);
    EXPECT_EQ(probe->name(), "process:lab");
    ASSERT_TRUE(probe->start(Clock::now() + 1s).ok());
    EXPECT_THAT(probe->facts(), Contains(Pair("command", program_invocation_short_name)));
    const Result<Reading> reading = probe->read(Clock::now() + 1s);
    ASSERT_TRUE(reading.ok());
    auto found = values(*probe, *reading, {"lab", "app"});
    EXPECT_NEAR(found[metric::kContainerCpuSeconds], used, 0.03);
    EXPECT_GT(found[metric::kContainerMemory], 100'000);
    child.end();
    const Result<Reading> gone = probe->read(Clock::now() + 1s);
    ASSERT_FALSE(gone.ok());
    EXPECT_EQ(gone.error().to_string(),
              "process:lab: process " + std::to_string(options.pid) + " is gone");
}

/// A cgroup below version 1's cpu and cpuacct hierarchies, where we may make one. (Not memory:
/// that would take the child out of whatever limit the tests run under.)
class HandMadeCgroup {
public:
    HandMadeCgroup() : name_("plimsoll-test-" + std::to_string(getpid())) {
        std::error_code failed;
        for (const char* controller : {"cpu", "cpuacct"}) {
            const fs::path mount = fs::path("/sys/fs/cgroup") / controller;
            if (fs::exists(mount / "cgroup.procs") && fs::create_directory(mount / name_, failed)) {
                folders_.push_back(mount / name_);
            }
        }
    }
    ~HandMadeCgroup() {
        for (const fs::path& folder : folders_) {
            for (int i = 0; i < 1000 && rmdir(folder.c_str()) != 0; ++i) {
                std::this_thread::sleep_for(5ms);  // the last process is still on its way out
            }
        }
    }
    HandMadeCgroup(const HandMadeCgroup&) = delete;
    HandMadeCgroup& operator=(const HandMadeCgroup&) = delete;

    [[nodiscard]] bool there() const { return folders_.size() == 2; }
    [[nodiscard]] const std::string& name() const { return name_; }
    /// The first number of the line that begins with `key` (of the only line, without one).
    [[nodiscard]] double kernel_says(const std::string& file, const std::string& key = {}) const {
        for (const fs::path& folder : folders_) {
            std::ifstream in(folder / file);
            for (std::string line; std::getline(in, line);) {
                if (line.starts_with(key)) {
                    return std::stod(line.substr(key.size()));
                }
            }
        }
        return -1;
    }
    void set(const std::string& file, const std::string& text) const {
        for (const fs::path& folder : folders_) {
            if (fs::exists(folder / file)) {
                std::ofstream(folder / file) << text;
            }
        }
    }

private:
    std::string name_;
    std::vector<fs::path> folders_;
};

TEST(ContainerProbe, SeesARealQuotaThrottleABusyProcess) {
    const HandMadeCgroup cgroup;
    if (!cgroup.there()) {
        // Not allowed to make one here: the process's own cgroup must be read without fault, and
        // the CPU figures must hold all the same.
        ContainerProbeOptions self;
        self.pid = getpid();
        const ProbePtr probe = make_container_probe(self);
        ASSERT_TRUE(probe->start(Clock::now() + 1s).ok());
        test::burn(0.2);
        const Result<Reading> reading = probe->read(Clock::now() + 1s);
        ASSERT_TRUE(reading.ok());
        auto found = values(*probe, *reading, {process_name(getpid()), ""});
        EXPECT_NEAR(found[metric::kContainerCpuSeconds], test::cpu_seconds(RUSAGE_SELF), 0.05);
        return;
    }
    cgroup.set("cpu.cfs_period_us", "100000");
    cgroup.set("cpu.cfs_quota_us", "5000");
    BusyChild child([] {
        for (;;) {
            test::burn(1);
        }
    });
    cgroup.set("cgroup.procs", std::to_string(child.pid()));

    ContainerProbeOptions by_cgroup;
    by_cgroup.cgroup = "/" + cgroup.name();
    ContainerProbeOptions by_pid;
    by_pid.pid = child.pid();
    by_pid.name = "busy";
    const ProbePtr of_cgroup = make_container_probe(by_cgroup);
    const ProbePtr of_process = make_container_probe(by_pid);
    ASSERT_TRUE(of_cgroup->start(Clock::now() + 1s).ok());
    ASSERT_TRUE(of_process->start(Clock::now() + 1s).ok());

    struct Truth {
        double cpu_ns, periods, throttled;
    };
    const auto kernel = [&] {
        return Truth{cgroup.kernel_says("cpuacct.usage"),
                     cgroup.kernel_says("cpu.stat", "nr_periods "),
                     cgroup.kernel_says("cpu.stat", "nr_throttled ")};
    };
    Truth true_first{};
    Truth true_last{};
    std::map<std::string, double> first;
    std::map<std::string, double> last;
    Clock::time_point from;
    Clock::time_point to;
    const Clock::time_point limit = Clock::now() + 60s;
    do {
        const Result<Reading> reading = of_cgroup->read(Clock::now() + 1s);
        ASSERT_TRUE(reading.ok());
        last = values(*of_cgroup, *reading, {cgroup.name(), ""});
        to = reading->at;
        true_last = kernel();
        if (first.empty()) {
            true_first = true_last;
            first = last;
            from = to;
        }
        std::this_thread::sleep_for(50ms);
    } while (last[metric::kContainerPeriods] < 60 && Clock::now() < limit);

    EXPECT_DOUBLE_EQ(last[metric::kContainerCpuLimit], 0.05);
    EXPECT_GE(last[metric::kContainerPeriods], 15);
    EXPECT_GE(last[metric::kContainerThrottled], 5);  // fewer when the machine is busy elsewhere
    EXPECT_LE(last[metric::kContainerThrottled], last[metric::kContainerPeriods]);
    const double used = last[metric::kContainerCpuSeconds] - first[metric::kContainerCpuSeconds];
    // At most the quota of each period that the interval touches.
    EXPECT_LE(used, 0.05 * (to_seconds(to - from) + 0.4));
    // The kernel's own files, read by other means at the same moments.
    EXPECT_NEAR(used, (true_last.cpu_ns - true_first.cpu_ns) / 1e9, 0.03 * used);
    const auto share = [](double part, double whole) { return whole > 0 ? part / whole : -1; };
    EXPECT_NEAR(
        share(last[metric::kContainerThrottled] - first[metric::kContainerThrottled],
              last[metric::kContainerPeriods] - first[metric::kContainerPeriods]),
        share(true_last.throttled - true_first.throttled, true_last.periods - true_first.periods),
        0.02);

    // The same figures are found from the process, through its cgroup.
    const Result<Reading> reading = of_process->read(Clock::now() + 1s);
    ASSERT_TRUE(reading.ok());
    auto seen = values(*of_process, *reading, {"busy", ""});
    EXPECT_DOUBLE_EQ(seen[metric::kContainerCpuLimit], 0.05);
    EXPECT_GE(seen[metric::kContainerThrottled], last[metric::kContainerThrottled]);
    EXPECT_NEAR(seen[metric::kContainerCpuSeconds], last[metric::kContainerCpuSeconds], 0.2);
    EXPECT_THAT(of_process->facts(), Contains(Pair("cpu_limit_cores", "0.05")));
}

}  // namespace
}  // namespace plimsoll
