// Trees of folders as kubelets and runtimes make them; the names are theirs (kubelet:
// pkg/kubelet/cm, CRI-O, containerd, kind).
#include "probes/container/pod_cgroup.hpp"

#include "probes/container/cgroup.hpp"

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr const char* kUid = "5b1e22aa-0b1c-4d6e-9f00-1234567890ab";
constexpr const char* kSliceUid = "5b1e22aa_0b1c_4d6e_9f00_1234567890ab";
const std::string kId(64, 'c');

class PodCgroup : public ::testing::Test {
protected:
    ~PodCgroup() override { fs::remove_all(root_); }
    /// A cgroup of version 2, or of version 1's cpu and memory.
    void make(const std::string& path, bool unified = true) {
        if (unified) {
            fs::create_directories(root_ / path.substr(1));
            std::ofstream(root_ / "cgroup.controllers") << "cpu memory\n";
            std::ofstream(root_ / path.substr(1) / "cpu.stat") << "usage_usec 1500000\n";
            return;
        }
        for (const char* controller : {"cpu", "cpuacct", "memory"}) {
            fs::create_directories(root_ / controller / path.substr(1));
        }
        std::ofstream(root_ / "cpuacct" / path.substr(1) / "cpuacct.usage") << "1500000000\n";
    }
    std::string find(const std::string& given) {
        const auto found = find_pod_cgroup(given, root_);
        return found ? *found : "error: " + found.error().to_string();
    }
    fs::path root_ = fs::temp_directory_path() / ("plimsoll-pods-" + std::to_string(::getpid()));
};

TEST_F(PodCgroup, IsFoundInEveryClassOfServiceUnderSystemd) {
    for (const std::string& path :
         {"/kubepods.slice/kubepods-pod" + std::string(kSliceUid) + ".slice",
          "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" +
              std::string(kSliceUid) + ".slice",
          "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" +
              std::string(kSliceUid) + ".slice"}) {
        for (const bool unified : {true, false}) {
            make(path, unified);
            EXPECT_EQ(find("pod:" + std::string(kUid)), path);
            fs::remove_all(root_);
        }
    }
}

TEST_F(PodCgroup, IsFoundInEveryClassOfServiceUnderCgroupfs) {
    for (const std::string& path :
         {"/kubepods/pod" + std::string(kUid), "/kubepods/burstable/pod" + std::string(kUid),
          "/kubepods/besteffort/pod" + std::string(kUid)}) {
        for (const bool unified : {true, false}) {
            make(path, unified);
            EXPECT_EQ(find("pod:" + std::string(kUid)), path);
            fs::remove_all(root_);
        }
    }
}

TEST_F(PodCgroup, IsFoundOnANodeThatIsItselfInACgroup) {
    for (const std::string& path :
         {"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
          "kubelet-kubepods-burstable-pod" +
              std::string(kSliceUid) + ".slice",
          "/system.slice/docker-" + kId +
              ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" +
              std::string(kSliceUid) + ".slice",
          "/docker/" + kId + "/kubelet/kubepods/burstable/pod" + std::string(kUid)}) {
        make(path);
        EXPECT_EQ(find("pod:" + std::string(kUid)), path);
        fs::remove_all(root_);
    }
}

TEST_F(PodCgroup, HasItsContainersByEveryRuntime) {
    const std::string pod = "/kubepods.slice/kubepods-pod" + std::string(kSliceUid) + ".slice";
    for (const std::string& name : {"cri-containerd-" + kId + ".scope", "crio-" + kId + ".scope",
                                    "docker-" + kId + ".scope", kId}) {
        make(pod + "/" + std::string(64, 'd'));  // the pod's sandbox
        make(pod + "/" + name);
        for (const std::string& id : {kId, "containerd://" + kId, "cri-o://" + kId}) {
            EXPECT_EQ(find("pod:" + std::string(kUid) + "/" + id), pod + "/" + name);
        }
        fs::remove_all(root_);
    }
}

TEST_F(PodCgroup, IsNotTakenForAnother) {
    make("/kubepods/pod" + std::string(kUid) + "0");
    make("/kubepods/xpod" + std::string(kUid));
    make("/kubepods/pod1" + std::string(kUid));
    EXPECT_THAT(find("pod:" + std::string(kUid)),
                HasSubstr("error: there is no pod " + std::string(kUid) + " on this node"));
    make("/kubepods/pod" + std::string(kUid));
    EXPECT_THAT(find("pod:" + std::string(kUid) + "/" + kId),
                HasSubstr("error: the pod " + std::string(kUid) + " has no container"));
}

TEST_F(PodCgroup, SaysHowItIsNamed) {
    for (const char* given :
         {"pod:", "pod:x", "pod:../..", "pod:5b1e/", "pod:5b1e/x", "pod:5b1e/../../etc", "5b1e"}) {
        EXPECT_THAT(find(given), HasSubstr("must be pod:UID or pod:UID/CONTAINER")) << given;
    }
}

TEST_F(PodCgroup, IsReadLikeAnyOther) {
    for (const bool unified : {true, false}) {
        make("/kubepods/burstable/pod" + std::string(kUid), unified);
        const auto folders = find_cgroup("pod:" + std::string(kUid), root_);
        ASSERT_TRUE(folders.ok()) << folders.error().to_string();
        EXPECT_EQ(folders->version, unified ? 2 : 1);
        EXPECT_DOUBLE_EQ(read_cgroup(*folders).cpu_s.value_or(-1), 1.5);
        fs::remove_all(root_);
    }
}

}  // namespace
}  // namespace plimsoll
