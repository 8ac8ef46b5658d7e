#include "store/segment_check.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {
namespace {

std::string segment_text(const RunInfo& info) {
    return fmt::format("segment {}/{}", info.segment.number, info.segment.count);
}

bool same_endpoints(const RunInfo& a, const RunInfo& b) {
    return std::equal(a.endpoints.begin(), a.endpoints.end(), b.endpoints.begin(),
                      b.endpoints.end(), [](const EndpointInfo& x, const EndpointInfo& y) {
                          return x.user == y.user && x.name == y.name && x.method == y.method;
                      });
}

/// The same executors at the same times; their levels are each segment's own.
bool same_load(const RunInfo& a, const RunInfo& b) {
    const auto same_stages = [](const StageInfo& x, const StageInfo& y) {
        return x.from == y.from && x.to == y.to;
    };
    return std::equal(a.executors.begin(), a.executors.end(), b.executors.begin(),
                      b.executors.end(), [&](const ExecutorInfo& x, const ExecutorInfo& y) {
                          return x.name == y.name && x.kind == y.kind && x.open == y.open &&
                                 std::equal(x.stages.begin(), x.stages.end(), y.stages.begin(),
                                            y.stages.end(), same_stages);
                      });
}

/// What makes `run` no segment of the run that `first` is of; empty when nothing does.
std::string difference(const SegmentRun& run, const SegmentRun& first, Status& status) {
    const auto hash = run.reader.scenario_sha256();
    const auto first_hash = first.reader.scenario_sha256();
    if (!hash || !first_hash) {
        status = !hash ? hash.error() : first_hash.error();
        return {};
    }
    const RunInfo& a = run.info();
    const RunInfo& b = first.info();
    if (*hash != *first_hash) {
        return fmt::format("is of another scenario ({:.12} instead of {:.12})", *hash, *first_hash);
    }
    if (a.seed != b.seed) {
        return fmt::format("has seed {} instead of {}", a.seed, b.seed);
    }
    if (a.segment.count != b.segment.count) {
        return fmt::format("is {}, not one of {}", segment_text(a), b.segment.count);
    }
    if (a.tick != b.tick || !same_endpoints(a, b) || !same_load(a, b) || a.groups != b.groups ||
        a.checks != b.checks) {
        return "had another load (set by flags, or while it ran)";
    }
    return {};
}

Status check_together(const std::vector<SegmentRun>& runs) {
    for (std::size_t i = 0; i < runs.size(); ++i) {
        if (runs[i].info().segment.is_whole()) {
            return Error{"is a whole run, not a segment", runs[i].path.string(),
                         "segments are made by run --segment 1/3, --segment 2/3 ..."};
        }
        Status status;
        const std::string other = difference(runs[i], runs.front(), status);
        if (!status.ok()) {
            return status;
        }
        if (!other.empty()) {
            return Error{other, runs[i].path.string(),
                         fmt::format("the others are compared to {}", runs.front().path.string())};
        }
        if (i > 0 && runs[i].info().segment == runs[i - 1].info().segment) {
            return Error{fmt::format("is {} once more; {} is that already",
                                     segment_text(runs[i].info()), runs[i - 1].path.string()),
                         runs[i].path.string(), "name each segment once"};
        }
    }
    return {};
}

Nanoseconds offset_of(const std::map<std::string, std::string>& facts) {
    const auto found = facts.find("clock.offset_s");
    double offset_s = 0;
    if (found != facts.end()) {
        const std::string& text = found->second;
        std::from_chars(text.data(), text.data() + text.size(), offset_s);
    }
    constexpr double kMost_s = 10 * 365.25 * 86400;
    return std::fabs(offset_s) <= kMost_s ? from_seconds(offset_s) : Nanoseconds{};
}

/// Those that were stopped before their time, each by itself or all of them.
std::set<std::uint32_t> stopped_early(const std::vector<SegmentRun>& runs) {
    std::set<std::uint32_t> early;
    for (const SegmentRun& run : runs) {
        const auto stops = run.reader.query("SELECT 1 FROM event WHERE kind = 'stopped'", 1);
        if (stops && !stops->rows.empty()) {
            early.insert(run.info().segment.number);
        }
    }
    return early;
}

/// How many ticks a run has, with those before it that it does not tell of.
std::int64_t length_of(const RunReader& reader) {
    const auto rows = reader.query("SELECT ifnull(max(tick) + 1, 0) FROM tick");
    std::int64_t length = 0;
    if (rows && !rows->rows.empty()) {
        const std::string& text = rows->rows[0][0];
        std::from_chars(text.data(), text.data() + text.size(), length);
    }
    return length;
}

/// Of the load that all segments were to make, each the same share at any time: what those did not
/// make that are missing or were cut off.
double share_missing(const std::vector<SegmentRun>& runs, const MergedRun& merged) {
    std::int64_t longest = 0;
    for (const SegmentRun& run : runs) {
        longest = std::max(longest, length_of(run.reader));
    }
    if (longest == 0) {
        return static_cast<double>(merged.missing.size()) / merged.segments;
    }
    auto lost = static_cast<std::int64_t>(merged.missing.size()) * longest;
    for (const SegmentRun& run : runs) {
        const auto& cut_off = merged.cut_off;
        const bool whole =
            std::find(cut_off.begin(), cut_off.end(), run.info().segment.number) == cut_off.end();
        lost += whole ? 0 : longest - length_of(run.reader);
    }
    return static_cast<double>(lost) /
           (static_cast<double>(longest) * static_cast<double>(merged.segments));
}

}  // namespace

Result<std::vector<SegmentRun>> open_runs(std::span<const std::filesystem::path> runs) {
    std::vector<SegmentRun> opened;
    for (const auto& path : runs) {
        auto reader = RunReader::open(path);
        if (!reader) {
            return reader.error();
        }
        const auto facts = reader->facts();
        if (!facts) {
            return facts.error();
        }
        const Nanoseconds offset = offset_of(*facts);
        opened.push_back({path, std::move(*reader), offset});
    }
    std::stable_sort(opened.begin(), opened.end(), [](const SegmentRun& a, const SegmentRun& b) {
        return a.info().segment.number < b.info().segment.number;
    });
    return opened;
}

Result<std::vector<SegmentRun>> open_segments(std::span<const std::filesystem::path> runs,
                                              bool partial) {
    auto all = open_runs(runs);
    if (!all) {
        return all.error();
    }
    std::vector<SegmentRun> opened = *std::move(all);
    if (opened.empty()) {
        return Error{"no run to merge", {}, "name the segments' run folders"};
    }
    if (const Status together = check_together(opened); !together.ok()) {
        return together.error();
    }
    const MergedRun merged = describe_segments(opened);
    if (!merged.missing.empty() && !partial) {
        return Error{fmt::format("segment {} of {} {} missing", fmt::join(merged.missing, ", "),
                                 merged.segments, merged.missing.size() == 1 ? "is" : "are"),
                     {},
                     "--partial merges what there is"};
    }
    if (!merged.cut_off.empty() && !partial) {
        return Error{fmt::format("segment {} of {} never came to its end, or was stopped alone",
                                 fmt::join(merged.cut_off, ", "), merged.segments),
                     {},
                     "--partial merges what there is"};
    }
    return opened;
}

MergedRun describe_segments(const std::vector<SegmentRun>& runs) {
    MergedRun merged;
    merged.segments = runs.front().info().segment.count;
    auto earliest = runs.front().began();
    auto latest = earliest;
    std::vector<bool> there(merged.segments + 1, false);
    const std::set<std::uint32_t> early = stopped_early(runs);
    for (const SegmentRun& run : runs) {
        const std::uint32_t number = run.info().segment.number;
        if (number < there.size()) {
            there[number] = true;
        }
        if (!run.reader.finished() || (early.count(number) != 0 && early.size() < runs.size())) {
            merged.cut_off.push_back(number);
        }
        earliest = std::min(earliest, run.began());
        latest = std::max(latest, run.began());
    }
    for (std::uint32_t number = 1; number <= merged.segments; ++number) {
        if (!there[number]) {
            merged.missing.push_back(number);
        }
    }
    merged.skew_s = std::chrono::duration<double>(latest - earliest).count();
    merged.missing_share = share_missing(runs, merged);
    return merged;
}

}  // namespace plimsoll
