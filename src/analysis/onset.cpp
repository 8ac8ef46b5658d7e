#include "analysis/onset.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// `planted app-pool:size=5` without its first word.
std::string fault_of(const StoredEvent& event) {
    constexpr std::string_view kPlanted = "planted ";
    return event.text.starts_with(kPlanted) ? event.text.substr(kPlanted.size()) : event.text;
}

}  // namespace

std::vector<Onset> known_onsets(const std::vector<StoredEvent>& events, const Analysis& analysis) {
    std::vector<Onset> out;
    const auto planted = std::find_if(events.begin(), events.end(), [](const StoredEvent& event) {
        return event.kind == EventKind::FaultPlanted && fault_of(event) != "none";
    });
    if (planted != events.end()) {
        const bool before = planted->t_s <= 0;
        out.push_back({std::max(planted->t_s, 0.0),
                       fmt::format("the planted fault {}", fault_of(*planted)), std::nullopt,
                       before ? Onset::Kind::PlantedBefore : Onset::Kind::Planted});
    }
    const BreakingPoint& broke = analysis.breaking_point;
    if (!analysis.findings.empty()) {
        const Finding& first = analysis.findings.front();
        Onset onset{first.onset_s, fmt::format("the finding {}", first.cause), std::nullopt,
                    Onset::Kind::Seen};
        if (broke.found) {
            onset.interval = {
                {std::min(first.onset_s, broke.at_s), std::max(first.onset_s, broke.at_s)}};
        }
        out.push_back(std::move(onset));
    } else if (broke.found) {
        out.push_back({broke.at_s, "the breaking point", std::nullopt, Onset::Kind::Seen});
    }
    return out;
}

}  // namespace plimsoll
