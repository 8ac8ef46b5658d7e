// What the run asks of the gathered load; gathered_work.cpp has what its own thread does,
// gathered_files.cpp what it keeps.
#include "gather/gathered_load.hpp"

#include "scenario/steered_level.hpp"
#include "store/environment.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

// From naming the start to it: a segment asks several times a second, then opens its run file.
constexpr std::chrono::seconds kLead{2};
// From an order to when it holds: every segment that is well has heard of it by then.
constexpr std::chrono::milliseconds kOrderLead{1500};
constexpr std::chrono::milliseconds kLook{100};
constexpr std::chrono::seconds kBetweenTells{15};
constexpr std::chrono::seconds kPatient{2};

RollCall call_for(const LoadContext& context, const GatherOptions& options) {
    return {options.segments, context.run.version, sha256_hex(context.run.scenario_text),
            context.run.seed, load_digest(context.run)};
}

std::string segments_text(const std::vector<std::uint32_t>& numbers, std::uint32_t count) {
    return fmt::format("segment {} of {}", fmt::join(numbers, ", "), count);
}

}  // namespace

GatheredLoad::GatheredLoad(const LoadContext& context, const GatherOptions& options,
                           GatherDesk& desk, std::string url)
    : context_(context),
      options_(options),
      desk_(desk),
      url_(std::move(url)),
      roll_(call_for(context, options)) {}

GatheredLoad::~GatheredLoad() {
    stopping_ = true;
    desk_.wake();
    if (thread_.joinable()) {
        thread_.join();
    }
}

Status GatheredLoad::prepare() {
    if (options_.resume) {
        if (Status loaded = load_kept(); !loaded) {
            return loaded;
        }
        thread_ = std::thread([this] { work(); });
        return {};
    }
    thread_ = std::thread([this] { work(); });
    return wait_for_all();
}

Status GatheredLoad::wait_for_all() {
    const auto began = Clock::now();
    last_tell_ = began - kBetweenTells + kPatient;
    for (;;) {
        const auto now = Clock::now();
        std::vector<std::string> refusals;
        std::vector<std::uint32_t> missing;
        {
            const std::lock_guard lock(mutex_);
            refusals = std::exchange(said_refusals_, {});
            missing = roll_.not_ready(now);
        }
        for (const std::string& sentence : refusals) {
            context_.tell("refused: " + sentence);
        }
        if (missing.empty()) {
            return {};
        }
        if (context_.stops.interrupts() > 0) {
            return give_up(missing);
        }
        if (now - began >= options_.barrier_wait) {
            if (options_.partial && missing.size() < options_.segments) {
                context_.tell(fmt::format("beginning without {}: {:.0f} % of the load is missing",
                                          segments_text(missing, options_.segments),
                                          100 * share_missing(missing.size())));
                return {};
            }
            return give_up(missing);
        }
        tell_missing(now, missing);
        context_.stops.wait_until(now + kLook);
        if (context_.stops.interrupts() == 0 && context_.stops.wait_until(now)) {
            return give_up(missing);  // another cause: the run will see to it
        }
    }
}

void GatheredLoad::tell_missing(Clock::time_point now, const std::vector<std::uint32_t>& missing) {
    if (now - last_tell_ < kBetweenTells) {
        return;
    }
    last_tell_ = now;
    context_.tell(
        fmt::format("waiting at {} for {}", url_, segments_text(missing, options_.segments)));
}

/// Those that wait hear of it: they would wait for nothing.
Status GatheredLoad::give_up(const std::vector<std::uint32_t>& missing) {
    const std::string who = segments_text(missing, options_.segments);
    {
        const std::lock_guard lock(mutex_);
        refused_ = context_.stops.interrupts() > 0
                       ? "the gather was stopped before the start"
                       : fmt::format("the run does not begin: {} did not come", who);
    }
    // All that are there ask within this time.
    const auto until = Clock::now() + std::chrono::seconds(1);
    while (Clock::now() < until) {
        std::this_thread::sleep_until(std::min(until, Clock::now() + kLook));
    }
    return Error{fmt::format("{} did not come within {:.0f} s, so nothing was sent", who,
                             to_seconds(options_.barrier_wait)),
                 url_, "--barrier-wait waits longer, --partial begins without them"};
}

std::uint32_t GatheredLoad::shards() const {
    const std::lock_guard lock(mutex_);
    return std::max(1U, roll_.shards());
}

StartTime GatheredLoad::begin_at() {
    const std::lock_guard lock(mutex_);
    if (begun_) {
        return *begun_;
    }
    const WallAnchor now = WallAnchor::now();
    const WallAnchor start{now.mono + kLead, now.wall + kLead};
    orders_.start = start.wall;
    roll_.begin(start.mono);
    return start;
}

void GatheredLoad::start(Publish publish) {
    std::string lost;
    {
        const std::lock_guard lock(mutex_);
        std::vector<std::uint32_t> shards;
        for (std::uint32_t number = 1; number <= options_.segments; ++number) {
            shards.push_back(roll_.entry(number).shards);
        }
        std::error_code code;
        fs::create_directories(context_.folder / "segments", code);
        merge_.emplace(context_.run, shards, options_.late);
        if (begun_) {
            if (const Status went_on = go_on(); !went_on) {
                lost = went_on.error().to_string();
            }
        }
        publish_ = std::move(publish);
    }
    if (!lost.empty()) {
        context_.announce({Clock::now(), EventKind::Note,
                           "the ticks before the restart cannot be read: " + lost});
    }
    if (begun_) {
        context_.announce(
            {Clock::now(), EventKind::Note, "the gather was restarted, and goes on with this run"});
    }
    desk_.wake();
}

void GatheredLoad::order_stop(bool at_once) {
    const std::lock_guard lock(mutex_);
    orders_.stop = true;
    orders_.abort = orders_.abort || at_once;
    orders_.why = "stopping, as asked by the gather";
}

Result<LevelChange> GatheredLoad::set_level(std::uint32_t executor, double level, bool open) {
    const auto& load = context_.scenario.load;
    if (const Status fits = check_level(load, executor, level, open); !fits) {
        return fits.error();
    }
    const Executor& steered = load[executor];
    const std::lock_guard lock(mutex_);
    const auto at =
        std::max(Clock::now() + kOrderLead, context_.run.start.mono + steered.start_time);
    const Nanoseconds offset = at - context_.run.start.mono;
    if (offset >= steered.start_time + steered.ramp.duration()) {
        return Error{"is over", steered.name, ""};
    }
    orders_.levels.push_back(
        {executor, next_order_++, open, level, context_.run.start.to_wall(at)});
    changes_[executor].push_back({offset, level});
    return changes_[executor].back();
}

Result<LevelChange> GatheredLoad::set_rate(std::uint32_t executor, Rate rate) {
    return set_level(executor, rate.per_second(), true);
}
Result<LevelChange> GatheredLoad::set_users(std::uint32_t executor, std::uint32_t users) {
    return set_level(executor, users, false);
}

double GatheredLoad::level(std::uint32_t executor) const {
    const std::lock_guard lock(mutex_);
    const auto found = changes_.find(executor);
    return found == changes_.end() ? context_.scenario.load.at(executor).ramp.start()
                                   : found->second.back().level;
}

ExecutorInfo GatheredLoad::steered(std::uint32_t executor) const {
    const std::lock_guard lock(mutex_);
    ExecutorInfo info = context_.run.executors.at(executor);
    const auto found = changes_.find(executor);
    for (const LevelChange& change :
         found == changes_.end() ? std::vector<LevelChange>() : found->second) {
        const Nanoseconds end = info.stages.back().to;
        info.stages.back().to = change.at;
        info.stages.push_back({change.at, change.at, change.level});
        info.stages.push_back({change.at, end, change.level});
    }
    return info;
}

void GatheredLoad::join() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
}

double GatheredLoad::share_missing(std::size_t parts) const {
    return static_cast<double>(parts) / static_cast<double>(options_.segments);
}

}  // namespace plimsoll
