#include "experiment/fault_player.hpp"

#include "net/http_server.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// A service whose faults are calls, and what was called.
class FaultService {
public:
    FaultService() {
        auto server = HttpServer::start({}, [this](const HttpRequest& request, Responder to) {
            {
                const std::lock_guard lock(mutex_);
                calls_.push_back(request.method + " " + request.target + " " + request.body);
            }
            to.send(
                {request.method == "DELETE" ? heal_status.load() : plant_status.load(), {}, {}});
        });
        EXPECT_TRUE(server.ok());
        server_ = std::make_unique<HttpServer>(std::move(*server));
    }
    [[nodiscard]] ExperimentFault fault(const std::string& name) const {
        const std::string url =
            "http://127.0.0.1:" + std::to_string(server_->port()) + "/f/" + name;
        return {name, {}, {url, "POST", {}, "on"}, {url, "DELETE", {}, {}}};
    }
    [[nodiscard]] std::vector<std::string> calls() {
        const std::lock_guard lock(mutex_);
        return calls_;
    }
    std::atomic<int> plant_status{204}, heal_status{204};

private:
    std::mutex mutex_;
    std::vector<std::string> calls_;
    std::unique_ptr<HttpServer> server_;
};

/// What is said, and a wait for the line that begins with `word`.
class Heard {
public:
    FaultPlayer::Say say() {
        return [this](const std::string& line) {
            const std::lock_guard lock(mutex_);
            lines_.push_back(line);
            wake_.notify_all();
        };
    }
    void wait_for(const std::string& word) {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(wake_.wait_for(lock, 20s, [&] {
            return std::any_of(lines_.begin(), lines_.end(),
                               [&](const std::string& line) { return line.starts_with(word); });
        })) << word;
    }

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<std::string> lines_;
};

std::vector<std::string> texts_of(Probe& probe) {
    std::vector<std::string> texts;
    const auto reading = probe.read(Clock::now() + 1s);
    for (const Event& event : reading->events) {
        texts.push_back(event.text);
    }
    return texts;
}

TEST(FaultPlayer, PlantsAndHealsInTurnAndTellsTheRun) {
    FaultService service;
    Experiment experiment;
    experiment.faults = {service.fault("a"), service.fault("b")};
    Heard heard;
    FaultPlayer player(experiment, {{1, 0s, 20ms}, {0, 40ms, 60ms}}, heard.say());
    const ProbePtr probe = player.make_probe();
    player.begin();
    heard.wait_for("healed  a");
    player.heal_now();  // nothing is left to heal
    EXPECT_THAT(service.calls(),
                ElementsAre("POST /f/b on", "DELETE /f/b ", "POST /f/a on", "DELETE /f/a "));
    EXPECT_THAT(texts_of(*probe), ElementsAre("planted b", "healed b", "planted a", "healed a"));
    EXPECT_FALSE(player.failure());
}

TEST(FaultPlayer, HealsAtOnceWhereItIsAskedTo) {
    FaultService service;
    Experiment experiment;
    experiment.faults = {service.fault("a")};
    Heard heard;
    FaultPlayer player(experiment, {{0, 0s, 1h}}, heard.say());
    player.begin();
    heard.wait_for("planted a");
    player.heal_now();
    EXPECT_THAT(service.calls(), ElementsAre("POST /f/a on", "DELETE /f/a "));
}

TEST(FaultPlayer, HealsWhenItIsDestroyed) {
    FaultService service;
    Experiment experiment;
    experiment.faults = {service.fault("a")};
    Heard heard;
    {
        FaultPlayer player(experiment, {{0, 0s, 1h}}, heard.say());
        player.begin();
        heard.wait_for("planted a");
    }
    EXPECT_THAT(service.calls(), ElementsAre("POST /f/a on", "DELETE /f/a "));
}

TEST(FaultPlayer, HealsAfterAPlantingThatFailedAndPlantsNothingMore) {
    FaultService service;
    service.plant_status = 500;
    Experiment experiment;
    experiment.faults = {service.fault("a"), service.fault("b")};
    Heard heard;
    FaultPlayer player(experiment, {{0, 0s, 10ms}, {1, 20ms, 30ms}}, heard.say());
    player.begin();
    heard.wait_for("a could not be planted");
    player.heal_now();
    EXPECT_THAT(service.calls(), ElementsAre("POST /f/a on", "DELETE /f/a "));
    ASSERT_TRUE(player.failure());
    EXPECT_THAT(*player.failure(), HasSubstr("POST was answered with status 500"));
    EXPECT_EQ(player.left_in_force(), "");
}

TEST(FaultPlayer, NamesTheFaultThatCouldNotBeHealed) {
    FaultService service;
    service.heal_status = 503;
    Experiment experiment;
    experiment.faults = {service.fault("a")};
    Heard heard;
    FaultPlayer player(experiment, {{0, 0s, 10ms}}, heard.say());
    player.begin();
    heard.wait_for("a could not be healed");
    player.heal_now();
    EXPECT_EQ(player.left_in_force(), "a");
    EXPECT_EQ(service.calls().size(), 4U);  // planted once, tried to heal three times
}

TEST(FaultPlayer, ThatNeverBeganHasNothingToHeal) {
    FaultService service;
    Experiment experiment;
    experiment.faults = {service.fault("a")};
    Heard heard;
    FaultPlayer player(experiment, {{0, 0s, 1h}}, heard.say());
    player.heal_now();
    EXPECT_TRUE(service.calls().empty());
}

}  // namespace
}  // namespace plimsoll
