#include "analysis/segment_checks.hpp"

#include "base/units.hpp"

#include <string>

#include <fmt/format.h>

namespace plimsoll {

void check_segments(const RunData& data, std::vector<ValidityCheck>& checks) {
    const auto fact = [&](const std::string& key) {
        const auto found = data.facts.find(key);
        return found == data.facts.end() ? std::string() : found->second;
    };
    const double count = data.fact("merge.segments", 0);
    if (count == 0) {
        return;
    }
    const std::string missing = fact("merge.missing");
    const std::string cut_off = fact("merge.cut_off");
    std::string why = fmt::format("all {:.0f} segments ran to their end", count);
    if (!missing.empty() || !cut_off.empty()) {
        why = missing.empty() ? "" : fmt::format("segment {} is missing", missing);
        why += cut_off.empty()
                   ? ""
                   : fmt::format("{}segment {} was cut off", why.empty() ? "" : "; ", cut_off);
        why += fmt::format(", of {:.0f}: the figures are not of the whole load", count);
        if (const double share = data.fact("merge.missing_share", 0); share > 0) {
            why += fmt::format(" ({:.1f} % of it is missing)", 100 * share);
        }
    }
    const bool whole = missing.empty() && cut_off.empty();
    checks.push_back({"segments", whole, false, whole ? 1.0 : 0.0, 1, why});
    const double skew = data.fact("merge.start_skew_s", 0);
    const double limit = to_seconds(data.info.tick);
    checks.push_back({"segments_together", skew <= limit, false, skew, limit,
                      fmt::format("the segments started within {} of each other (limit {}){}",
                                  human_seconds(skew), human_seconds(limit),
                                  skew <= limit ? ""
                                                : ": their loads did not add up to the planned one "
                                                  "at any time")});
}

}  // namespace plimsoll
