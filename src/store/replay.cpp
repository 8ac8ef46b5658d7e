#include "store/replay.hpp"

#include "signal/capabilities.hpp"
#include "store/reading_cursor.hpp"
#include "store/take.hpp"
#include "store/tick_cursor.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace plimsoll {
namespace {

/// One that happened `at` after the run's start, to be told in order of time.
struct Told {
    Nanoseconds at;
    std::size_t index;  // of a gap, or else of an event
    bool is_gap;
    bool open;
};

class Replay {
public:
    Replay(const RunReader& reader, Exporter& exporter)
        : reader_(reader), exporter_(exporter), start_(reader.info().start.mono) {}

    Status run() {
        Status status = load();
        if (!status) {
            return status;
        }
        auto ticks = reader_.ticks();
        auto readings = reader_.readings();
        if (!ticks || !readings) {
            return ticks ? readings.error() : ticks.error();
        }
        readings_.emplace(*std::move(readings));
        std::optional<StoredTick> tick;
        status = next_reading();
        for (bool more = status.ok() && take(ticks->next(), tick, status); more && tick;) {
            StoredTick now = *std::exchange(tick, std::nullopt);
            more = take(ticks->next(), tick, status) && tell_until(now.to, status);
            if (more) {
                tell(std::move(now), !tick);
            }
        }
        // What came after the last tick: a probe reads a little longer than the load goes on.
        if (status) {
            tell_until(Nanoseconds::max(), status);
        }
        return status;
    }

private:
    Status load() {
        Status status;
        std::vector<StoredProbe> probes;
        if (!take(reader_.probes(), probes, status) || !take(reader_.gaps(), gaps_, status) ||
            !take(reader_.events(), events_, status)) {
            return status;
        }
        for (StoredProbe& probe : probes) {
            infos_.push_back(std::move(probe.info));
        }
        health_.resize(infos_.size());
        for (std::size_t i = 0; i < gaps_.size(); ++i) {
            told_.push_back({from_seconds(gaps_[i].from_s), i, true, true});
            if (!gaps_[i].open) {
                told_.push_back({from_seconds(gaps_[i].to_s), i, true, false});
            }
        }
        for (std::size_t i = 0; i < events_.size(); ++i) {
            told_.push_back({from_seconds(events_[i].t_s), i, false, false});
        }
        std::stable_sort(told_.begin(), told_.end(),
                         [](const Told& a, const Told& b) { return a.at < b.at; });
        return exporter_.start(reader_.info(), infos_);
    }

    Status next_reading() {
        Status status;
        take(readings_->next(), reading_, status);
        return status;
    }

    /// Readings, gaps and events up to `end`, an offset from the run's start.
    bool tell_until(Nanoseconds end, Status& status) {
        const auto at = [&](const StoredReading& reading) {
            return reading.reading.at.time_since_epoch();
        };
        for (;;) {
            const bool reading = reading_ && at(*reading_) <= end;
            const bool other = next_told_ < told_.size() && told_[next_told_].at <= end;
            if (reading && (!other || at(*reading_) <= told_[next_told_].at)) {
                tell(*reading_);
                status = next_reading();
                if (!status) {
                    return false;
                }
            } else if (other) {
                tell(told_[next_told_++]);
            } else {
                return true;
            }
        }
    }

    void tell(StoredReading& stored) {
        if (stored.probe >= health_.size()) {
            return;
        }
        ProbeHealth& health = health_[stored.probe];
        health.up = true;
        ++health.readings;
        ++health.expected;
        health.last_took = stored.reading.took;
        stored.reading.at = start_ + stored.reading.at.time_since_epoch();
        exporter_.on_reading(stored.probe, stored.reading, health);
    }

    void tell(const Told& what) {
        if (!what.is_gap) {
            const StoredEvent& event = events_[what.index];
            exporter_.on_event({start_ + what.at, event.kind, event.text});
            return;
        }
        const StoredGap& gap = gaps_[what.index];
        const auto probe = std::find_if(infos_.begin(), infos_.end(), [&](const ProbeInfo& info) {
            return info.name == gap.probe;
        });
        if (probe == infos_.end()) {
            return;
        }
        const auto index = static_cast<std::size_t>(probe - infos_.begin());
        health_[index].up = !what.open;
        health_[index].gaps += what.open ? 1U : 0U;
        exporter_.on_gap(index,
                         {gap.probe, start_ + from_seconds(gap.from_s),
                          start_ + from_seconds(gap.to_s), gap.reason, what.open},
                         health_[index]);
    }

    void tell(StoredTick tick, bool last) {
        auto snapshot = std::make_shared<Snapshot>();
        snapshot->tick = tick.tick;
        snapshot->from = start_ + tick.from;
        snapshot->to = start_ + tick.to;
        snapshot->last = last;
        snapshot->delta = std::move(tick.endpoints);
        snapshot->delta_groups = std::move(tick.groups);
        snapshot->delta_checks = std::move(tick.checks);
        snapshot->delta_phases = std::move(tick.phases);
        snapshot->delta_counts = tick.counts;
        snapshot->state = tick.state;
        snapshot->shards = std::move(tick.shards);
        snapshot->executors = std::move(tick.executors);
        snapshot->last_answer = tick.last_answer ? start_ + *tick.last_answer : Clock::time_point();
        snapshot->add_up(before_.get());
        exporter_.on_snapshot(snapshot);
        before_ = std::move(snapshot);
    }

    const RunReader& reader_;
    Exporter& exporter_;
    Clock::time_point start_;
    std::vector<ProbeInfo> infos_;
    std::vector<ProbeHealth> health_;
    std::vector<StoredGap> gaps_;
    std::vector<StoredEvent> events_;
    std::vector<Told> told_;
    std::size_t next_told_ = 0;
    std::optional<ReadingCursor> readings_;
    std::optional<StoredReading> reading_;
    SnapshotPtr before_;
};

}  // namespace

Status replay_run(const RunReader& reader, Exporter& exporter, const VerdictPtr& verdict) {
    if (Status told = Replay(reader, exporter).run(); !told) {
        return told;
    }
    if (auto* hears = dynamic_cast<HearsLoadEnd*>(&exporter)) {
        hears->on_load_end();
    }
    if (auto* hears = dynamic_cast<HearsVerdict*>(&exporter); hears != nullptr && verdict) {
        hears->on_verdict(verdict);
    }
    return {};
}

}  // namespace plimsoll
