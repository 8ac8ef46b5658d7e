#include "probes/container/cgroup.hpp"

#include "tests/unit/container/fixtures.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Optional;

TEST(CgroupV2, ReadsUseAndTakesTheTightestLimitOfTheParents) {
    const auto folders = find_cgroup("/shop.slice/web.scope", kFixtures / "v2");
    ASSERT_TRUE(folders.ok());
    EXPECT_EQ(folders->version, 2);
    const CgroupSample sample = read_cgroup(*folders);
    EXPECT_THAT(sample.cpu_s, Optional(12.345678));
    EXPECT_THAT(sample.limit_cores, Optional(1.5));
    EXPECT_THAT(sample.periods, Optional(400));  // of the slice, whose quota it is
    EXPECT_THAT(sample.throttled_periods, Optional(120));
    EXPECT_THAT(sample.throttled_s, Optional(0.000777));
    EXPECT_THAT(sample.working_set_bytes, Optional(104857600.0 - 41943040.0));
    EXPECT_THAT(sample.memory_limit_bytes, Optional(1073741824));
    EXPECT_THAT(sample.oom_kills, Optional(2));
}

TEST(CgroupV2, LeavesOutLimitsThatDoNotExist) {
    const auto folders = find_cgroup((kFixtures / "v2/free").string(), kFixtures / "v2");
    ASSERT_TRUE(folders.ok());
    const CgroupSample sample = read_cgroup(*folders);
    EXPECT_THAT(sample.cpu_s, Optional(5.0));
    EXPECT_EQ(sample.limit_cores, std::nullopt);
    EXPECT_EQ(sample.periods, std::nullopt);
    EXPECT_EQ(sample.memory_limit_bytes, std::nullopt);
    EXPECT_EQ(sample.oom_kills, std::nullopt);
    EXPECT_THAT(sample.working_set_bytes, Optional(0.0));  // never below zero
}

TEST(CgroupV1, ReadsEachControllersOwnHierarchy) {
    const auto folders = find_cgroup("/docker/3f2a", kFixtures / "v1");
    ASSERT_TRUE(folders.ok());
    EXPECT_EQ(folders->version, 1);
    const CgroupSample sample = read_cgroup(*folders);
    EXPECT_THAT(sample.cpu_s, Optional(2.5));
    EXPECT_THAT(sample.limit_cores, Optional(0.3));
    EXPECT_THAT(sample.periods, Optional(21));
    EXPECT_THAT(sample.throttled_periods, Optional(20));
    EXPECT_THAT(sample.throttled_s, Optional(1.4));
    EXPECT_EQ(sample.pressure[0].some_s, std::nullopt);
    EXPECT_THAT(sample.working_set_bytes, Optional(67108864.0 - 16777216.0));
    EXPECT_THAT(sample.memory_limit_bytes, Optional(134217728));  // the parent's
    EXPECT_THAT(sample.oom_kills, Optional(1));
}

TEST(CgroupV1, TakesAControllersFolderAndAJointMount) {
    const auto by_folder =
        find_cgroup((kFixtures / "v1/memory/docker/3f2a/").string(), kFixtures / "v1");
    ASSERT_TRUE(by_folder.ok());
    EXPECT_THAT(read_cgroup(*by_folder).cpu_s, Optional(2.5));
    const auto joint = find_cgroup("shop", kFixtures / "v1_joint");
    ASSERT_TRUE(joint.ok());
    EXPECT_THAT(read_cgroup(*joint).cpu_s, Optional(1.0));
    EXPECT_THAT(read_cgroup(*joint).limit_cores, Optional(2.0));
    EXPECT_EQ(read_cgroup(*joint).working_set_bytes, std::nullopt);
}

TEST(CgroupV2, ReadsTheStalledTimeOfEachResource) {
    const auto folders = find_cgroup("/system.slice/docker-3f2a.scope", kFixtures / "v2");
    ASSERT_TRUE(folders.ok());
    const CgroupSample sample = read_cgroup(*folders);
    EXPECT_THAT(sample.pressure[0].some_s, Optional(3.5));
    EXPECT_THAT(sample.pressure[0].full_s, Optional(2.0));
    EXPECT_THAT(sample.pressure[1].some_s, Optional(0.25));
    EXPECT_THAT(sample.pressure[1].full_s, Optional(0.125));
    EXPECT_THAT(sample.pressure[2].some_s, Optional(0.00075));
    EXPECT_THAT(sample.pressure[2].full_s, Optional(0.0005));
    EXPECT_EQ(parse_pressure("nonsense\n").some_s, std::nullopt);
}

TEST(CgroupOfPod, SumsItsContainersThrottlingInBothLayouts) {
    const auto v2 =
        find_cgroup("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod5b1e.slice",
                    kFixtures / "v2");
    ASSERT_TRUE(v2.ok());
    const CgroupSample pod = read_cgroup(*v2);
    EXPECT_THAT(pod.cpu_s, Optional(9.0));
    EXPECT_THAT(pod.limit_cores, Optional(1.5));
    EXPECT_THAT(pod.periods, Optional(200));
    EXPECT_THAT(pod.throttled_periods, Optional(65));
    EXPECT_THAT(pod.throttled_s, Optional(0.65));
    EXPECT_THAT(pod.working_set_bytes, Optional(150000000));
    const auto v1 = find_cgroup("/kubepods/burstable/pod5b1e", kFixtures / "v1");
    ASSERT_TRUE(v1.ok());
    const CgroupSample old = read_cgroup(*v1);
    EXPECT_THAT(old.cpu_s, Optional(4.0));
    EXPECT_EQ(old.limit_cores, std::nullopt);  // one of its containers has none
    EXPECT_THAT(old.periods, Optional(40));
    EXPECT_THAT(old.throttled_periods, Optional(30));
}

TEST(CgroupOfContainer, IsThatOfItsProcessOnlyIfItCarriesTheId) {
    const fs::path proc = kFixtures / "proc";
    const fs::path scope = kFixtures / "v2/system.slice/docker-3f2a.scope";
    EXPECT_EQ(find_container_cgroup("3f2a", 47, proc, kFixtures / "v2").cpu, scope);
    // Another machine's pid 42 is somebody else here; the id is found where engines put it.
    EXPECT_EQ(find_container_cgroup("3f2a", 42, proc, kFixtures / "v2").cpu, scope);
    EXPECT_EQ(find_container_cgroup("3f2a", 0, proc, kFixtures / "v1").cpu,
              kFixtures / "v1/cpu/docker/3f2a");
    EXPECT_FALSE(find_container_cgroup("77aa", 42, proc, kFixtures / "v2").any());
}

TEST(Cgroup, SaysWhatItCouldNotFind) {
    for (const char* given : {"/nowhere", "/", "", "/../etc"}) {
        const auto folders = find_cgroup(given, kFixtures / "v1");
        ASSERT_FALSE(folders.ok()) << given;
        EXPECT_EQ(folders.error().what, "there is no cgroup \"" + std::string(given) + "\" under " +
                                            (kFixtures / "v1").string());
        EXPECT_THAT(folders.error().hint, HasSubstr("/proc/PID/cgroup"));
    }
}

TEST(CgroupOfProcess, FollowsTheKernelsTableInBothLayouts) {
    const fs::path proc = kFixtures / "proc";
    EXPECT_EQ(cgroup_of(42, proc, kFixtures / "v2").cpu, kFixtures / "v2/shop.slice/web.scope");
    const CgroupFolders apart = cgroup_of(43, proc, kFixtures / "v1");
    EXPECT_EQ(apart.cpu, kFixtures / "v1/cpu/docker/3f2a");
    EXPECT_EQ(apart.cpuacct, kFixtures / "v1/cpuacct/docker/3f2a");
    EXPECT_EQ(apart.memory, kFixtures / "v1/memory/docker/3f2a");
    const CgroupFolders joint = cgroup_of(44, proc, kFixtures / "v1_joint");
    EXPECT_EQ(joint.cpu, kFixtures / "v1_joint/cpu,cpuacct/shop");
    EXPECT_EQ(joint.cpuacct, joint.cpu);
    EXPECT_TRUE(joint.memory.empty());
    EXPECT_FALSE(cgroup_of(45, proc, kFixtures / "v1").any());  // at the root: no limits
    EXPECT_FALSE(cgroup_of(46, proc, kFixtures / "v2").any());  // outside our view
    EXPECT_FALSE(cgroup_of(99, proc, kFixtures / "v2").any());  // no such process
}

}  // namespace
}  // namespace plimsoll
