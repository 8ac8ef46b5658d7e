// What the gathered load keeps of the segments: read again after a restart, and at the end.
#include "gather/gathered_load.hpp"
#include "store/merge_facts.hpp"
#include "store/merge_ticks.hpp"
#include "store/segment_check.hpp"

#include <algorithm>
#include <numeric>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

// Segments that lost sight of the gather try again at least that often.
constexpr std::chrono::seconds kAfterResume{5};

}  // namespace

fs::path GatheredLoad::file_of(std::uint32_t number) const {
    return context_.folder / "segments" / fmt::format("{}.db", number);
}

std::vector<fs::path> GatheredLoad::kept_files() const {
    std::vector<fs::path> paths;
    for (const auto& [number, file] : files_) {
        paths.push_back(file->path());
    }
    return paths;
}

/// What the process before this one kept.
Status GatheredLoad::load_kept() {
    const std::lock_guard lock(mutex_);
    const auto reader = RunReader::open(context_.folder);
    if (!reader) {
        return reader.error();
    }
    if (reader->finished()) {
        return Error{"came to its end; there is nothing to go on with", context_.folder.string(),
                     "name another folder with --run-dir"};
    }
    const auto now = Clock::now();
    for (std::uint32_t number = 1; number <= options_.segments; ++number) {
        std::error_code code;
        if (!fs::exists(file_of(number), code)) {
            continue;
        }
        auto file = SegmentFile::open(file_of(number));
        if (!file) {
            return file.error();
        }
        const RunInfo& info = (*file)->info();
        if (info.segment.count != options_.segments || info.seed != context_.run.seed ||
            info.scenario_text != context_.run.scenario_text) {
            return Error{"is of another run", file_of(number).string(),
                         "resume with the same scenario, --segments and --seed"};
        }
        roll_.restore(number, info.id, info.shards, (*file)->finished(), now);
        files_[number] = *std::move(file);
    }
    // What the run began with, on this process's monotonic clock.
    const WallAnchor anchor = WallAnchor::now();
    const auto wall = reader->info().start.wall;
    begun_ =
        WallAnchor{anchor.mono - std::chrono::duration_cast<Nanoseconds>(anchor.wall - wall), wall};
    orders_.start = wall;
    return {};
}

/// Behind the ticks that the run file has, with their totals; after it those that were kept and not
/// yet merged.
Status GatheredLoad::go_on() {
    merge_->wait_at_least_until(Clock::now() + kAfterResume);
    const auto reader = RunReader::open(context_.folder);
    if (!reader) {
        return reader.error();
    }
    const auto last = reader->query("SELECT tick FROM tick ORDER BY tick DESC LIMIT 1");
    if (!last) {
        return last.error();
    }
    std::uint64_t first_fresh = 0;
    if (!last->rows.empty()) {
        const std::uint64_t merged = std::stoull(last->rows[0][0]);
        auto runs = open_runs(kept_files());
        if (!runs) {
            return runs.error();
        }
        SnapshotPtr totals;
        const Status summed =
            for_each_sum(*runs, context_.run, [&](const std::shared_ptr<Snapshot>& sum) {
                if (sum->tick <= merged) {
                    sum->add_up(totals.get());
                    totals = sum;
                }
            });
        if (!summed) {
            return summed;
        }
        merge_->go_on_after(merged, totals);
        first_fresh = merged + 1;
    }
    for (const auto& [number, file] : files_) {
        auto ticks = file->ticks_from(first_fresh);
        if (!ticks) {
            return ticks.error();
        }
        for (StoredTick& tick : *ticks) {
            merge_->add(number - 1, std::move(tick));
        }
        if (file->finished()) {
            merge_->over(number - 1, file->last_tick());
        }
    }
    return {};
}

std::map<std::string, std::string> GatheredLoad::facts() const {
    const std::lock_guard lock(mutex_);
    const auto runs = open_runs(kept_files());
    std::map<std::string, std::string> facts;
    MergedRun merged;
    merged.segments = options_.segments;
    merged.missing_share = 1;
    if (runs && !runs->empty()) {
        merged = describe_segments(*runs);
        if (auto all = merged_facts(*runs, merged)) {
            facts = *std::move(all);
        }
    } else {
        std::vector<std::uint32_t> all(options_.segments);
        for (std::uint32_t i = 0; i < options_.segments; ++i) {
            all[i] = i + 1;
        }
        facts = {{"merge.segments", std::to_string(options_.segments)},
                 {"merge.missing", fmt::format("{}", fmt::join(all, ", "))},
                 {"merge.missing_share", "1"}};
    }
    std::erase_if(facts, [](const auto& fact) { return fact.first.starts_with("env."); });
    facts["gather.late_ticks"] = std::to_string(late_ticks_);
    facts["gather.restarted"] = begun_ ? "yes" : "no";
    return facts;
}

Status GatheredLoad::complete(RunFileWriter& run_file) {
    const std::lock_guard lock(mutex_);
    const auto first = merge_ ? merge_->first_incomplete() : std::nullopt;
    if (!begun_ && !first) {
        run_file.write_errors(errors_);
        return {};
    }
    const auto runs = open_runs(kept_files());
    if (!runs) {
        return runs.error();
    }
    const auto errors = merged_errors(*runs, context_.run);
    if (!errors) {
        return errors.error();
    }
    if (Status rewound = run_file.rewind(0); !rewound) {
        return rewound;
    }
    run_file.write_errors(*errors);
    const Status merged = merge_ticks(*runs, context_.run, run_file);
    run_file.finish(Clock::now());
    return merged;
}

}  // namespace plimsoll
