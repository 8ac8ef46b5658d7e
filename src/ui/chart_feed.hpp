// Charts that grow, told by what is new in them.
#pragma once

#include "report/charts.hpp"

#include <cstddef>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace plimsoll {

/// How many of the first points of `now` those of `before` are, in x and in every series.
[[nodiscard]] std::size_t points_in_common(const report::Chart& before, const report::Chart& now);

/// Remembers what was told last. docs/ui.md has the messages.
///
/// Threading: one thread at a time.
class ChartFeed {
public:
    /// Adds to `message` what differs from the last time: `charts` and `new_charts`, where there
    /// is anything.
    void tell(std::vector<report::Chart> charts, boost::json::object& message);
    /// All that was told, for somebody who has heard nothing yet.
    [[nodiscard]] boost::json::array whole() const;

private:
    std::vector<report::Chart> told_;
};

}  // namespace plimsoll
