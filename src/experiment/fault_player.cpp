#include "experiment/fault_player.hpp"

#include "net/http_client.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr auto kCallWithin = 20s;
constexpr int kHealAttempts = 3;
constexpr auto kBetweenAttempts = 500ms;

/// Error: why the fault is not as it should be; names the server and never what was sent.
Status send(const FaultCall& call) {
    const auto url = parse_url(call.url);
    if (!url) {
        return url.error();
    }
    auto client = HttpClient::create(*url);
    if (!client) {
        return client.error();
    }
    HttpRequest request;
    request.method = call.method;
    request.target = url->target;
    request.headers = call.headers;
    request.body = call.body;
    if (find_header(request.headers, "User-Agent") == nullptr) {
        request.headers.push_back({"User-Agent", "plimsoll"});
    }
    const auto answer = client->send(request, Clock::now() + kCallWithin);
    if (!answer) {
        return answer.error();
    }
    if (answer->status < 200 || answer->status > 299) {
        return Error{fmt::format("{} was answered with status {}", call.method, answer->status),
                     url->origin()};
    }
    return {};
}

}  // namespace

struct FaultPlayer::State {
    std::vector<ExperimentFault> faults;
    std::vector<PlannedTrial> plan;
    Say say;

    std::mutex mutex;
    std::condition_variable wake;
    bool stopping = false;
    bool done = true;
    std::vector<Event> events;  // that the probe has not told yet
    std::optional<std::string> failure;
    std::string left;

    std::thread thread;  // not with the probe's share of this: the player joins it

    /// True: the time has come. False: stop.
    bool wait_until(Clock::time_point at) {
        std::unique_lock lock(mutex);
        return !wake.wait_until(lock, at, [this] { return stopping; });
    }
    void fail(std::string why) {
        say(why);
        const std::lock_guard lock(mutex);
        failure = failure.value_or(std::move(why));
    }
    void note(EventKind kind, const std::string& text) {
        const std::lock_guard lock(mutex);
        events.push_back({Clock::now(), kind, text});
    }
    bool plant(const ExperimentFault& fault) {
        const Status sent = send(fault.plant);
        if (!sent) {
            fail(fmt::format("{} could not be planted: {}", fault.name, sent.error().to_string()));
            return false;
        }
        note(EventKind::FaultPlanted, "planted " + fault.name);
        say("planted " + fault.name);
        return true;
    }
    void heal(const ExperimentFault& fault, bool planted) {
        Status sent;
        for (int attempt = 0; attempt < kHealAttempts; ++attempt) {
            if (attempt > 0) {
                std::this_thread::sleep_for(kBetweenAttempts);
            }
            sent = send(fault.heal);
            if (sent) {
                break;
            }
        }
        if (sent) {
            if (planted) {
                note(EventKind::FaultHealed, "healed " + fault.name);
                say("healed  " + fault.name);
            }
            return;
        }
        fail(fmt::format("{} could not be healed{}: {}", fault.name,
                         planted ? "" : ", if it is there", sent.error().to_string()));
        const std::lock_guard lock(mutex);
        left = planted ? fault.name : left;
    }
    void play(Clock::time_point from) {
        for (const PlannedTrial& trial : plan) {
            if (!wait_until(from + trial.plant_at)) {
                break;
            }
            const ExperimentFault& fault = faults[trial.fault];
            const bool planted = plant(fault);
            const bool goes_on = planted && wait_until(from + trial.heal_at);
            heal(fault, planted);
            if (!goes_on || failed()) {
                break;
            }
        }
        const std::lock_guard lock(mutex);
        done = true;
        wake.notify_all();
    }
    bool failed() {
        const std::lock_guard lock(mutex);
        return failure.has_value();
    }
};

namespace {

/// Hands the events on as they come.
class PlayerProbe final : public Probe {
public:
    explicit PlayerProbe(std::function<std::vector<Event>()> take) : take_(std::move(take)) {}
    [[nodiscard]] std::string name() const override { return "faults"; }
    [[nodiscard]] std::span<const MetricDescriptor> descriptors() const override { return {}; }
    [[nodiscard]] Nanoseconds period() const override { return 500ms; }
    [[nodiscard]] Status start(Clock::time_point /*deadline*/) override { return {}; }
    [[nodiscard]] Result<Reading> read(Clock::time_point /*deadline*/) override {
        Reading reading;
        reading.at = Clock::now();
        reading.events = take_();
        return reading;
    }
    [[nodiscard]] std::vector<Event> last_events() override { return take_(); }

private:
    std::function<std::vector<Event>()> take_;
};

}  // namespace

FaultPlayer::FaultPlayer(const Experiment& experiment, std::vector<PlannedTrial> plan, Say say)
    : state_(std::make_shared<State>()) {
    state_->faults = experiment.faults;
    state_->plan = std::move(plan);
    state_->say = std::move(say);
}

FaultPlayer::~FaultPlayer() {
    heal_now();
    if (state_->thread.joinable()) {
        state_->thread.join();
    }
}

void FaultPlayer::begin() {
    state_->done = false;
    state_->thread =
        std::thread([state = state_.get(), from = Clock::now()] { state->play(from); });
}

void FaultPlayer::heal_now() {
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    state_->wake.notify_all();
    state_->wake.wait(lock, [this] { return state_->done; });
}

std::optional<std::string> FaultPlayer::failure() const {
    const std::lock_guard lock(state_->mutex);
    return state_->failure;
}

std::string FaultPlayer::left_in_force() const {
    const std::lock_guard lock(state_->mutex);
    return state_->left;
}

ProbePtr FaultPlayer::make_probe() {
    return std::make_unique<PlayerProbe>([state = state_] {
        const std::lock_guard lock(state->mutex);
        return std::exchange(state->events, {});
    });
}

}  // namespace plimsoll
