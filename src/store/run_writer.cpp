#include "store/run_writer.hpp"

#include "base/log.hpp"
#include "store/load_writer.hpp"
#include "store/run_file.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"
#include "store/tick_writer.hpp"

#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

namespace plimsoll {
namespace {

// Where no tick comes (probes alone), what waits is written once this much has gathered.
constexpr std::size_t kMostWaiting = 4096;

struct WaitingReading {
    std::size_t probe;
    Reading reading;
};
struct WaitingGap {
    std::size_t probe;
    Gap gap;
};
struct Health {
    ProbeHealth latest;
    Nanoseconds longest{};
    bool changed = false;
};

}  // namespace

struct RunFileWriter::State {
    mutable std::mutex mutex;  // the exporter's thread against write_facts and last_error
    std::optional<sqlite::Database> database;
    std::optional<TickWriter> rows;
    std::vector<WaitingReading> readings;
    std::vector<WaitingGap> gaps;
    std::vector<Event> events;
    std::vector<Health> health;
    std::vector<ProbeHealth> before;  // of a run that is resumed: what its probes had read
    std::optional<Error> last_error;
    std::uint64_t write_errors = 0;
    std::uint64_t dropped = 0;

    /// Runs `write` in a transaction of its own; a failure is counted and undone.
    template <typename Write>
    void transact(Write&& write) {
        if (!rows) {
            return;
        }
        Status status = database->exec("BEGIN IMMEDIATE");
        if (status.ok()) {
            status = write();
        }
        if (status.ok()) {
            status = database->exec("COMMIT");
        }
        if (status.ok()) {
            rows->committed();
            return;
        }
        // SQLite may have undone it already (a full disk); then this changes nothing.
        static_cast<void>(database->exec("ROLLBACK"));
        rows->rolled_back();
        if (write_errors++ == 0) {
            spdlog::warn("run file write failed reason=\"{}\"; the run goes on",
                         status.error().to_string());
        }
        last_error = status.error();
    }

    Status write_waiting() {
        Status status;
        for (const WaitingReading& waiting : readings) {
            status = status.ok() ? rows->write(waiting.probe, waiting.reading) : status;
        }
        for (const WaitingGap& waiting : gaps) {
            status = status.ok() ? rows->write(waiting.probe, waiting.gap) : status;
        }
        for (const Event& event : events) {
            status = status.ok() ? rows->write(event) : status;
        }
        for (std::size_t probe = 0; probe < health.size(); ++probe) {
            if (status.ok() && health[probe].changed) {
                status = rows->write(probe, health[probe].latest, health[probe].longest);
            }
        }
        if (status.ok() && dropped > 0) {
            status = rows->write_fact("exporter.dropped.run_file", std::to_string(dropped));
        }
        if (status.ok() && write_errors > 0) {
            status = rows->write_fact("run_file.write_errors", std::to_string(write_errors));
        }
        return status;
    }

    void forget_waiting() {
        readings.clear();
        gaps.clear();
        events.clear();
        for (Health& probe : health) {
            probe.changed = false;
        }
    }

    void flush() {
        transact([this] { return write_waiting(); });
        forget_waiting();
    }
    void flush_if_much() {
        if (readings.size() + gaps.size() + events.size() >= kMostWaiting) {
            flush();
        }
    }

    void note_health(std::size_t probe, const ProbeHealth& latest) {
        if (probe < health.size()) {
            health[probe].latest = latest;
            health[probe].latest.readings += before[probe].readings;
            health[probe].latest.expected += before[probe].expected;
            health[probe].latest.gaps += before[probe].gaps;
            health[probe].longest =
                std::max({health[probe].longest, latest.last_took, before[probe].last_took});
            health[probe].changed = true;
        }
    }
};

RunFileWriter::RunFileWriter(std::filesystem::path path)
    : path_(std::move(path)), state_(std::make_unique<State>()) {}

RunFileWriter::~RunFileWriter() = default;

Status RunFileWriter::make_file() {
    std::error_code code;
    if (std::filesystem::exists(path_, code)) {
        return Error{"exists already; a run is never overwritten", path_.string(),
                     "name another folder with --run-dir"};
    }
    if (path_.has_parent_path()) {
        std::filesystem::create_directories(path_.parent_path(), code);
        if (code) {
            return Error{"cannot make the run folder: " + code.message(),
                         path_.parent_path().string(), "name another folder with --results"};
        }
    }
    auto database = sqlite::Database::open(path_, sqlite::Database::Mode::Create);
    if (!database) {
        return Error{"cannot make the run file: " + database.error().what, path_.string(),
                     "name another folder with --results"};
    }
    state_->database = std::move(database).value();
    return {};
}

Status RunFileWriter::begin_file(const RunInfo& run, std::span<const ProbeInfo> probes) {
    if (Status made = make_file(); !made.ok()) {
        return made;
    }
    Status status = create_run_tables(*state_->database);
    if (status.ok()) {
        state_->rows.emplace(*state_->database);
        status = state_->rows->begin(run, probes);
    }
    return status.ok() ? state_->database->exec("COMMIT") : status;
}

Status RunFileWriter::resume_file(const RunInfo& run, std::span<const ProbeInfo> probes) {
    auto database = sqlite::Database::open(path_, sqlite::Database::Mode::Continue);
    if (!database) {
        return database.error();
    }
    state_->database = std::move(database).value();
    Status status = state_->database->exec(schema::kCacheSize);
    if (status.ok()) {
        state_->rows.emplace(*state_->database);
        status = state_->rows->resume(run, probes);
    }
    for (std::size_t probe = 0; probe < probes.size() && status.ok(); ++probe) {
        auto before = state_->rows->health(probe);
        if (!before) {
            return before.error();
        }
        state_->before.push_back(*before);
    }
    return status;
}

Status RunFileWriter::start(const RunInfo& run, std::span<const ProbeInfo> probes) {
    const std::lock_guard lock(state_->mutex);
    const Status status = resume_ ? resume_file(run, probes) : begin_file(run, probes);
    if (!status.ok()) {
        const bool own = !status.error().where.empty() && !state_->database;
        state_->rows.reset();
        return own ? status
                   : Error{(resume_ ? "cannot go on with the run file: "
                                    : "cannot write the run file: ") +
                               status.error().what,
                           path_.string(), resume_ ? status.error().hint : "is the disk full?"};
    }
    state_->health.resize(probes.size());
    state_->before.resize(probes.size());
    return {};
}

Status RunFileWriter::rewind(std::uint64_t tick) {
    const std::lock_guard lock(state_->mutex);
    // Where the run is finished already: a transaction per tick would else wait for the disk.
    Status status = state_->database->exec("PRAGMA journal_mode=WAL");
    if (status.ok()) {
        state_->transact([&] { return status = state_->rows->rewind(tick); });
    }
    return status;
}

void RunFileWriter::on_snapshot(const SnapshotPtr& snapshot) {
    const std::lock_guard lock(state_->mutex);
    state_->transact([&] {
        Status status = state_->rows->write(*snapshot);
        return status.ok() ? state_->write_waiting() : status;
    });
    state_->forget_waiting();
}

void RunFileWriter::on_reading(std::size_t probe, const Reading& reading,
                               const ProbeHealth& health) {
    const std::lock_guard lock(state_->mutex);
    state_->readings.push_back({probe, reading});
    state_->note_health(probe, health);
    state_->flush_if_much();
}

void RunFileWriter::on_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) {
    const std::lock_guard lock(state_->mutex);
    state_->gaps.push_back({probe, gap});
    state_->note_health(probe, health);
    state_->flush_if_much();
}

void RunFileWriter::on_event(const Event& event) {
    const std::lock_guard lock(state_->mutex);
    state_->events.push_back(event);
    state_->flush_if_much();
}

void RunFileWriter::on_dropped(std::uint64_t total) {
    const std::lock_guard lock(state_->mutex);
    state_->dropped = total;
}

void RunFileWriter::finish(Clock::time_point /*deadline*/) {
    const std::lock_guard lock(state_->mutex);
    state_->transact([this] {
        Status status = state_->write_waiting();
        return status.ok() ? state_->rows->write_run("finished", 1) : status;
    });
    state_->forget_waiting();
    // One file is easier to carry than three. A reader that has it open keeps the WAL; that is
    // fine.
    if (state_->database) {
        static_cast<void>(state_->database->exec("PRAGMA journal_mode=DELETE"));
    }
}

void RunFileWriter::write_facts(const std::map<std::string, std::string>& facts) {
    const std::lock_guard lock(state_->mutex);
    state_->transact([&] {
        Status status;
        for (const auto& [key, value] : facts) {
            status = status.ok() ? state_->rows->write_fact(key, value) : status;
        }
        return status;
    });
}

void RunFileWriter::write_errors(std::span<const ErrorSample> errors) {
    const std::lock_guard lock(state_->mutex);
    state_->transact([&] {
        Status status;
        for (const ErrorSample& error : errors) {
            status = status.ok() ? state_->rows->write(error) : status;
        }
        return status;
    });
}

void RunFileWriter::write_stages(std::size_t index, const std::vector<StageInfo>& stages) {
    const std::lock_guard lock(state_->mutex);
    state_->transact([&] { return plimsoll::write_stages(*state_->database, index, stages); });
}

void RunFileWriter::write_verdict(std::string_view json) {
    const std::lock_guard lock(state_->mutex);
    state_->transact([&] { return state_->rows->write_run("verdict", json); });
}

std::optional<Error> RunFileWriter::last_error() const {
    const std::lock_guard lock(state_->mutex);
    return state_->last_error;
}

std::uint64_t RunFileWriter::failed_writes() const {
    const std::lock_guard lock(state_->mutex);
    return state_->write_errors;
}

std::unique_ptr<RunFileWriter> make_run_file_exporter(std::filesystem::path path) {
    return std::make_unique<RunFileWriter>(std::move(path));
}

}  // namespace plimsoll
