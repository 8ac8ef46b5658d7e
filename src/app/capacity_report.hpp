// A plan of capacity as a person and as a program reads it.
#pragma once

#include "deploy/capacity_plan.hpp"

#include <string>

namespace plimsoll {

/// Where the figures that the load does not give come from: shown beside them.
struct CapacityNotes {
    std::string ceiling;  // "measured here: ..." or "--per-core"
    bool response_assumed = false;
    bool sizes_assumed = false;
    bool tls = false;  // the ceiling is of plain HTTP
};

[[nodiscard]] std::string capacity_text(const LoadDemand& demand, const SegmentSize& size,
                                        const CapacityPlan& plan, const CapacityNotes& notes);
/// One JSON object, schema 1, with a line end.
[[nodiscard]] std::string capacity_json(const LoadDemand& demand, const SegmentSize& size,
                                        const CapacityPlan& plan);

}  // namespace plimsoll
