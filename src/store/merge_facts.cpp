#include "store/merge_facts.hpp"

#include "store/take.hpp"

#include <charconv>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {
namespace {

bool adds_up(const std::string& key) {
    return key.starts_with("generator.") ||
           (key.starts_with("exporter.") && !key.starts_with("exporter.error.")) ||
           key == "run_file.write_errors";
}

}  // namespace

Result<std::map<std::string, std::string>> merged_facts(const std::vector<SegmentRun>& runs,
                                                        const MergedRun& merged) {
    std::map<std::string, std::string> facts;
    std::map<std::string, double> sums;
    for (const SegmentRun& run : runs) {
        std::map<std::string, std::string> own;
        Status status;
        if (!take(run.reader.facts(), own, status)) {
            return status.error();
        }
        for (const auto& [key, value] : own) {
            double number = 0;
            const char* const end = value.data() + value.size();
            const auto parsed = std::from_chars(value.data(), end, number);
            if (adds_up(key) && parsed.ec == std::errc{} && parsed.ptr == end) {
                sums[key] += number;
            }
            const auto [known, fresh] = facts.emplace(key, value);
            if (!fresh && known->second != value) {
                known->second = "differs between segments";
            }
            facts[fmt::format("segment.{}.{}", run.info().segment.number, key)] = value;
        }
    }
    for (const auto& [key, sum] : sums) {
        facts[key] =
            sum == std::floor(sum) ? fmt::format("{:.0f}", sum) : fmt::format("{:.6f}", sum);
    }
    facts["merge.segments"] = std::to_string(merged.segments);
    facts["merge.missing"] = fmt::format("{}", fmt::join(merged.missing, ", "));
    facts["merge.cut_off"] = fmt::format("{}", fmt::join(merged.cut_off, ", "));
    facts["merge.start_skew_s"] = fmt::format("{:.6f}", merged.skew_s);
    facts["merge.missing_share"] = fmt::format("{:.6f}", merged.missing_share);
    return facts;
}

Result<std::vector<ErrorSample>> merged_errors(const std::vector<SegmentRun>& runs,
                                               const RunInfo& whole) {
    std::vector<ErrorSample> errors;
    for (const SegmentRun& run : runs) {
        std::vector<StoredError> stored;
        Status status;
        if (!take(run.reader.errors(), stored, status)) {
            return status.error();
        }
        for (StoredError& error : stored) {
            const auto at = [&](double t_s) {
                return whole.start.mono +
                       std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(t_s));
            };
            error.sample.at = at(error.last_s);
            ErrorSample first = error.sample;
            first.at = at(error.first_s);
            error.sample.count = 0;  // only says when it was last seen
            errors.push_back(std::move(first));
            errors.push_back(std::move(error.sample));
        }
    }
    return errors;
}

}  // namespace plimsoll
