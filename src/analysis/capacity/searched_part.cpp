#include "analysis/capacity/searched_part.hpp"

#include "analysis/breaking_point.hpp"

#include <optional>
#include <utility>

namespace plimsoll {

RunData searched_part(const RunData& data, const FindResult& find) {
    std::optional<RunData> first;
    for (const StepResult& step : find.steps) {
        if (step.verdict != StepVerdict::Fail || step.kind == StepKind::Baseline) {
            continue;
        }
        RunData part = cut_at(data, step.to_s);
        if (find_breaking_point(part).point.found) {
            return part;
        }
        if (!first) {
            first = std::move(part);
        }
    }
    return first ? *std::move(first) : data;
}

}  // namespace plimsoll
