// Every cause that diagnosis can name: its words, its place among the resources that requests pass,
// and how it is told from its neighbours. docs/causes.md is this table.
#pragma once

#include <string_view>
#include <vector>

namespace plimsoll {

struct Cause {
    std::string_view id;
    std::string_view terminal;  // after "First to give way: "
    std::string_view report;    // its heading in report.html and report.md
    int depth;                  // 0 outermost; higher is further inside
    std::string_view evidence;  // what must be seen
    std::string_view not_to_be_confused;
    /// Causes that are this one's consequences where both are seen.
    std::vector<std::string_view> explains;
    /// What plants it, for `plimsoll lab --fault`: faults with a blank in between; "" for what is
    /// no cause in a target.
    std::string_view lab_faults = {};
};
/// In the order of docs/causes.md: from outside inwards, then what stands beside.
[[nodiscard]] const std::vector<Cause>& cause_table();
/// nullptr for a name that is not in the table.
[[nodiscard]] const Cause* find_cause(std::string_view id);

[[nodiscard]] bool explains(std::string_view inner, std::string_view outer);
/// Negative, so that further inside sorts first; 0 for what has no place.
[[nodiscard]] int depth_of(std::string_view id);

}  // namespace plimsoll
