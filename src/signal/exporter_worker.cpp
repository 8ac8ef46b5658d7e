#include "signal/exporter_worker.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

namespace plimsoll {
namespace {

struct ReadingRecord {
    std::size_t probe;
    Reading reading;
    ProbeHealth health;
};
struct GapRecord {
    std::size_t probe;
    Gap gap;
    ProbeHealth health;
};
struct LoadEnd {};
using Record = std::variant<SnapshotPtr, ReadingRecord, GapRecord, Event, VerdictPtr,
                            ExporterCountsPtr, LoadEnd>;

/// The exporter, and what it can hear: null where it cannot.
struct Ears {
    HearsVerdict* verdict;
    HearsDeliveries* deliveries;
    HearsLoadEnd* load_end;
    const ServesReaders* readers;

    explicit Ears(Exporter* exporter)
        : verdict(dynamic_cast<HearsVerdict*>(exporter)),
          deliveries(dynamic_cast<HearsDeliveries*>(exporter)),
          load_end(dynamic_cast<HearsLoadEnd*>(exporter)),
          readers(dynamic_cast<const ServesReaders*>(exporter)) {}
};

struct Deliver {
    Exporter& exporter;
    const Ears& ears;
    void operator()(const SnapshotPtr& snapshot) const { exporter.on_snapshot(snapshot); }
    void operator()(const ReadingRecord& record) const {
        exporter.on_reading(record.probe, record.reading, record.health);
    }
    void operator()(const GapRecord& record) const {
        exporter.on_gap(record.probe, record.gap, record.health);
    }
    void operator()(const Event& event) const { exporter.on_event(event); }
    void operator()(const VerdictPtr& verdict) const { ears.verdict->on_verdict(verdict); }
    void operator()(const ExporterCountsPtr& counts) const {
        ears.deliveries->on_deliveries(counts);
    }
    void operator()(LoadEnd /*end*/) const { ears.load_end->on_load_end(); }
};

/// Of the run's data, which the counts of records are about.
bool is_data(const Record& record) {
    return record.index() < std::variant_size_v<Record> - 3;
}

bool is_kept(const Record& record) {
    const auto* snapshot = std::get_if<SnapshotPtr>(&record);
    return !is_data(record) || (snapshot != nullptr && (*snapshot)->last);
}

}  // namespace

struct ExporterWorker::State {
    ExporterPtr exporter;  // the worker thread's from start on
    Ears ears;
    std::size_t capacity;

    std::mutex mutex;  // guards what follows
    std::condition_variable changed;
    std::deque<Record> queue;
    std::size_t notices = 0;  // in the queue: records that are no data
    std::uint64_t delivered = 0;
    std::uint64_t dropped = 0;
    std::optional<Status> started;
    bool accepting = false;
    std::optional<Clock::time_point> finish_by;
    bool ended = false;
    std::thread thread;  // only touched by the owner's thread

    State(ExporterPtr source, std::size_t room)
        : exporter(std::move(source)), ears(exporter.get()), capacity(room) {}

    void push(Record record);
    void push_notice(Record notice);
    void run(const RunInfo& info, const std::vector<ProbeInfo>& probes);
    void deliver_all(std::unique_lock<std::mutex>& lock);
    void forget_data();
    void begin_finish(Clock::time_point deadline);
    Finished finish(Clock::time_point deadline);
};

void ExporterWorker::State::push(Record record) {
    {
        const std::lock_guard lock(mutex);
        if (!accepting) {
            return;
        }
        const bool reading = std::holds_alternative<ReadingRecord>(record);
        const std::size_t room = reading ? capacity - capacity / 5 : capacity;
        if (queue.size() - notices >= room && !is_kept(record)) {
            ++dropped;
            return;
        }
        queue.push_back(std::move(record));
    }
    changed.notify_all();
}

void ExporterWorker::State::push_notice(Record notice) {
    {
        const std::lock_guard lock(mutex);
        if (!accepting) {
            return;
        }
        notices -= std::erase_if(
            queue, [&](const Record& each) { return each.index() == notice.index(); });
        ++notices;
        queue.push_back(std::move(notice));
    }
    changed.notify_all();
}

void ExporterWorker::State::run(const RunInfo& info, const std::vector<ProbeInfo>& probes) {
    Status status = exporter->start(info, probes);
    std::unique_lock lock(mutex);
    accepting = status.ok();
    const bool go_on = status.ok();
    started = std::move(status);
    changed.notify_all();
    if (go_on) {
        deliver_all(lock);
        const Clock::time_point deadline = *finish_by;
        lock.unlock();
        exporter->finish(deadline);
        lock.lock();
    }
    ended = true;
    changed.notify_all();
}

void ExporterWorker::State::deliver_all(std::unique_lock<std::mutex>& lock) {
    std::uint64_t told = 0;
    for (;;) {
        changed.wait(lock, [this] { return !queue.empty() || finish_by; });
        if (finish_by && Clock::now() >= *finish_by) {
            forget_data();
        }
        if (told != dropped) {
            told = dropped;
            lock.unlock();
            exporter->on_dropped(told);
            lock.lock();
            continue;
        }
        if (queue.empty()) {
            return;  // finishing, and all is delivered
        }
        const Record record = std::move(queue.front());
        queue.pop_front();
        notices -= is_data(record) ? 0U : 1U;
        lock.unlock();
        std::visit(Deliver{*exporter, ears}, record);
        lock.lock();
        delivered += is_data(record) ? 1U : 0U;
    }
}

void ExporterWorker::State::forget_data() {
    for (auto it = queue.begin(); it != queue.end();) {
        if (is_kept(*it)) {
            ++it;
            continue;
        }
        it = queue.erase(it);
        ++dropped;
    }
}

void ExporterWorker::State::begin_finish(Clock::time_point deadline) {
    {
        const std::lock_guard lock(mutex);
        accepting = false;
        if (!finish_by) {
            finish_by = deadline;
        }
    }
    changed.notify_all();
}

ExporterWorker::Finished ExporterWorker::State::finish(Clock::time_point deadline) {
    constexpr Nanoseconds kGrace = std::chrono::seconds(1);
    begin_finish(deadline);
    std::unique_lock lock(mutex);
    if (thread.joinable()) {
        const Clock::time_point patience = std::max(deadline, Clock::now()) + kGrace;
        const bool back = changed.wait_until(lock, patience, [this] { return ended; });
        if (back) {
            lock.unlock();
            thread.join();
            lock.lock();
        } else {
            thread.detach();
        }
    }
    return {delivered, dropped, !ended && started};
}

ExporterWorker::ExporterWorker(ExporterPtr exporter, std::size_t capacity)
    : name_(exporter->name()),
      state_(std::make_shared<State>(std::move(exporter), capacity)),
      hears_verdict_(state_->ears.verdict != nullptr),
      hears_deliveries_(state_->ears.deliveries != nullptr),
      readers_(state_->ears.readers) {}

ExporterWorker::~ExporterWorker() {
    finish(Clock::now());
}

Status ExporterWorker::start(const RunInfo& run, std::vector<ProbeInfo> probes) {
    // The thread holds the state (and copies of the arguments) itself: it may be left behind.
    state_->thread =
        std::thread([state = state_, run, infos = std::move(probes)] { state->run(run, infos); });
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [this] { return state_->started.has_value(); });
    return *state_->started;
}

void ExporterWorker::push_snapshot(SnapshotPtr snapshot) {
    state_->push(std::move(snapshot));
}
void ExporterWorker::push_reading(std::size_t probe, const Reading& reading,
                                  const ProbeHealth& health) {
    state_->push(ReadingRecord{probe, reading, health});
}
void ExporterWorker::push_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) {
    state_->push(GapRecord{probe, gap, health});
}
void ExporterWorker::push_event(const Event& event) {
    state_->push(event);
}

void ExporterWorker::push_verdict(VerdictPtr verdict) {
    if (hears_verdict_) {
        state_->push_notice(std::move(verdict));
    }
}
void ExporterWorker::push_deliveries(ExporterCountsPtr counts) {
    if (hears_deliveries_) {
        state_->push_notice(std::move(counts));
    }
}
void ExporterWorker::push_load_end() {
    if (state_->ears.load_end != nullptr) {
        state_->push_notice(LoadEnd{});
    }
}

void ExporterWorker::begin_finish(Clock::time_point deadline) {
    state_->begin_finish(deadline);
}
ExporterWorker::Finished ExporterWorker::finish(Clock::time_point deadline) {
    return state_->finish(deadline);
}

Deliveries ExporterWorker::deliveries() const {
    const std::optional<Deliveries> own = state_->exporter->deliveries();
    const std::lock_guard lock(state_->mutex);
    Deliveries out = own.value_or(Deliveries{});
    if (!own) {
        out.sent = state_->delivered;
    }
    out.dropped += state_->dropped;
    return out;
}

std::uint64_t ExporterWorker::dropped() const {
    const std::lock_guard lock(state_->mutex);
    return state_->dropped;
}

}  // namespace plimsoll
