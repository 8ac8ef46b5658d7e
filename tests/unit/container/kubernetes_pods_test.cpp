#include "probes/container/kubernetes_pods.hpp"

#include "probes/container/runtime_source.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/unit/container/fixtures.hpp"

#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Optional;

// As the API shows them: one that runs after its second end, one that waits to be started again, a
// sidecar, one that has prepared its pod, and a pod that no node has yet.
constexpr const char* kPods = R"({"kind": "PodList", "items": [
  {"metadata": {"name": "web-7d9f", "uid": "5b1e-77", "namespace": "shop"},
   "spec": {"nodeName": "n1"},
   "status": {"containerStatuses": [
     {"name": "web", "containerID": "containerd://3f2a00000000", "restartCount": 2,
      "state": {"running": {"startedAt": "2026-01-01T12:00:00Z"}},
      "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}},
     {"name": "cron", "containerID": "containerd://77aa00000000", "restartCount": 5,
      "state": {"waiting": {"reason": "CrashLoopBackOff"}},
      "lastState": {"terminated": {"reason": "Error", "exitCode": 2}}}],
    "initContainerStatuses": [
     {"name": "proxy", "containerID": "containerd://99bb00000000", "restartCount": 0,
      "state": {"running": {"startedAt": "2026-01-01T11:00:00Z"}}},
     {"name": "migrate", "containerID": "containerd://11cc00000000", "restartCount": 0,
      "state": {"terminated": {"reason": "Completed", "exitCode": 0}}}]}},
  {"metadata": {"name": "web-pending", "uid": "aaaa-bb"}, "spec": {}, "status": {"phase": "Pending"}}]})";

TEST(ParsePods, ReadsHowEachContainerIs) {
    const auto pods = parse_pods(kPods);
    ASSERT_TRUE(pods.ok());
    ASSERT_EQ(pods->size(), 3U);
    const RuntimeContainer& waiting = (*pods)[0];
    EXPECT_EQ(waiting.name, "web-7d9f/cron");
    EXPECT_FALSE(waiting.running);
    EXPECT_FALSE(waiting.oom_killed);
    EXPECT_EQ(waiting.exit_code, 2);
    EXPECT_EQ(waiting.restarts, 5);
    EXPECT_EQ((*pods)[1].name, "web-7d9f/proxy");
    const RuntimeContainer& web = (*pods)[2];
    EXPECT_EQ(web.id, "5b1e-77/web");
    EXPECT_EQ(web.cgroup, "pod:5b1e-77/containerd://3f2a00000000");
    EXPECT_TRUE(web.running);
    EXPECT_TRUE(web.oom_killed);
    EXPECT_EQ(web.restarts, 2);
    EXPECT_THAT(web.started_at, HasSubstr("2026-01-01T12:00:00Z"));
}

TEST(ParsePods, RefusesWhatIsNoList) {
    for (const char* text : {"", "[]", "{}", R"({"items": 7})", "<html>"}) {
        EXPECT_FALSE(parse_pods(text).ok()) << text;
    }
    EXPECT_TRUE(parse_pods(R"({"items": []})")->empty());
    EXPECT_TRUE(parse_pods(R"({"items": [7, {"status": {"containerStatuses": 1}}]})")->empty());
}

TEST(PodRuntime, SaysWhatIsMissingOutsideOfAPod) {
    unsetenv("KUBERNETES_SERVICE_HOST");
    const auto runtime = make_pod_runtime({}, {"app=web", ""}, kFixtures / "v2");
    const auto found = runtime->find(Clock::now() + 1s);
    ASSERT_FALSE(found.ok());
    EXPECT_THAT(found.error().to_string(), HasSubstr("KUBERNETES_SERVICE_HOST is not set"));
    EXPECT_THAT(found.error().to_string(), HasSubstr("kubectl proxy"));
}

/// A service account with the token "hunter2".
class Account {
public:
    Account() {
        std::ofstream(folder_.path() / "token") << "hunter2\n";
        std::ofstream(folder_.path() / "namespace") << "shop";
    }
    [[nodiscard]] KubernetesAccess with(const std::string& api) const {
        return {api, folder_.path(), "n1"};
    }

private:
    test::TempFolder folder_;
};

std::string json_answer(const std::string& body, const std::string& status = "200 OK") {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

TEST(PodRuntime, AsksForTheChosenPodsAndSendsNoTokenInTheClear) {
    const test::ScriptedServer server(
        [](const std::string&, int) { return test::Answer{json_answer(R"({"items": []})")}; });
    const Account account;
    const auto runtime = make_pod_runtime(account.with(server.url() + "/k8s/c-1/"),
                                          {"app in (a,b)", ""}, kFixtures / "v2");
    const auto found = runtime->find(Clock::now() + 5s);
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().what,
              "no container runs in pods with the labels app in (a,b) in the namespace shop");
    ASSERT_EQ(server.seen().size(), 1U);
    EXPECT_THAT(
        server.seen()[0],
        HasSubstr("GET /k8s/c-1/api/v1/namespaces/shop/pods?resourceVersion=0&"
                  "labelSelector=app%20in%20%28a%2Cb%29&fieldSelector=spec.nodeName%3Dn1 "));
    EXPECT_THAT(server.seen()[0], ::testing::Not(HasSubstr("hunter2")));
}

TEST(PodRuntime, RefusesAnAddressThatItCannotUse) {
    for (const char* api : {"127.0.0.1:8001", "ftp://a", "http://a:99999", "unix:/run/x"}) {
        const auto found =
            make_pod_runtime({api, "/nowhere", ""}, {"a", ""}, kFixtures)->find(Clock::now() + 1s);
        ASSERT_FALSE(found.ok()) << api;
        EXPECT_EQ(found.error().where, "PLIMSOLL_KUBERNETES_API") << api;
    }
}

TEST(PodRuntime, SaysWhatTheApiSaysAndNoLongerVouchesForWhatItKnew) {
    const std::string pods = R"({"items": [{"metadata": {"name": "web", "uid": "5b1e-77"}, "status":
        {"containerStatuses": [{"name": "web", "containerID": "containerd://3f2a00000000",
                                "state": {"running": {"startedAt": "x"}}}]}}]})";
    const test::ScriptedServer server([&](const std::string&, int nth) {
        return nth == 0   ? test::Answer{json_answer(pods)}
               : nth == 1 ? test::Answer{json_answer(R"({"message": "pods is forbidden"})",
                                                     "403 Forbidden")}
                          : test::Answer{json_answer("", "401 Unauthorized")};
    });
    const Account account;
    const auto runtime =
        make_pod_runtime(account.with(server.url()), {"app=web", "data"}, kFixtures / "nowhere");
    EXPECT_THAT(runtime->find(Clock::now() + 5s).error().what,
                HasSubstr("none of the 1 running containers of pods with the labels app=web in the "
                          "namespace data has a cgroup below"));
    ASSERT_TRUE(runtime->inspect("5b1e-77/web", Clock::now()).ok());
    EXPECT_EQ((*runtime->inspect("5b1e-77/web", Clock::now()))->name, "data/web/web");
    const Error forbidden = runtime->find(Clock::now() + 5s).error();
    EXPECT_THAT(forbidden.what, HasSubstr("(403): pods is forbidden"));
    EXPECT_THAT(forbidden.hint, HasSubstr("the verb list on pods"));
    EXPECT_FALSE(runtime->inspect("5b1e-77/web", Clock::now()).ok());
    EXPECT_THAT(runtime->find(Clock::now() + 5s).error().hint, HasSubstr("the token in "));
}

/// What the test says last, to whichever thread asks.
class Told {
public:
    explicit Told(RuntimeContainer container) : container_(std::move(container)) {}
    void say(RuntimeContainer container) {
        const std::lock_guard lock(mutex_);
        container_ = std::move(container);
    }
    [[nodiscard]] RuntimeContainer said() const {
        const std::lock_guard lock(mutex_);
        return container_;
    }

private:
    mutable std::mutex mutex_;
    RuntimeContainer container_;
};

class ToldRuntime final : public ContainerRuntime {
public:
    explicit ToldRuntime(const Told& told) : told_(&told) {}
    Result<std::vector<std::string>> find(Clock::time_point) override {
        return std::vector{told_->said().id};
    }
    Result<std::optional<RuntimeContainer>> inspect(const std::string&,
                                                    Clock::time_point) override {
        return std::optional(told_->said());
    }
    Result<RuntimeStats> stats(const std::string&, Clock::time_point) override {
        return Error{"none"};
    }
    [[nodiscard]] Nanoseconds period() const override { return 1ms; }

private:
    const Told* told_;
};

TEST(RuntimeSource, CountsTheEndForLackOfMemoryOfAContainerThatWasStartedAnewAtOnce) {
    RuntimeContainer container = (*parse_pods(kPods))[2];
    container.cgroup = "/free";
    Told told(container);
    RuntimeSource source(std::make_unique<ToldRuntime>(told), kFixtures / "proc", kFixtures / "v2");
    ASSERT_TRUE(source.start(Clock::now() + 1s).ok());
    const auto first = source.sample();
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(first->front().name, "web-7d9f/web");
    EXPECT_THAT(first->front().oom_kills, Optional(0));  // it died before we looked
    EXPECT_THAT(first->front().restarts, Optional(2));
    EXPECT_THAT(first->front().running, Optional(true));
    container.started_at = "later";
    container.restarts = 3;
    told.say(container);
    const Clock::time_point limit = Clock::now() + 30s;
    auto now = source.sample();
    while (now.ok() && now->front().restarts != 3 && Clock::now() < limit) {
        std::this_thread::sleep_for(1ms);
        now = source.sample();
    }
    ASSERT_TRUE(now.ok());
    EXPECT_THAT(now->front().restarts, Optional(3));
    EXPECT_THAT(now->front().oom_kills, Optional(1));
}

}  // namespace
}  // namespace plimsoll
