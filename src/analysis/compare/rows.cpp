#include "analysis/compare/rows.hpp"

#include <cmath>

namespace plimsoll {

RowVerdict judge_row(const CompareRow& row) {
    if (!row.change) {
        return RowVerdict::TooLittle;
    }
    const double change = *row.change;
    const bool certain = row.interval[0] > 0 || row.interval[1] < 0;
    if (certain && std::abs(change) > row.tolerated) {
        return (change > 0) == row.more_is_better ? RowVerdict::Better : RowVerdict::Worse;
    }
    const bool excluded = row.interval[0] >= -row.tolerated && row.interval[1] <= row.tolerated;
    return excluded || certain ? RowVerdict::Same : RowVerdict::TooLittle;
}

}  // namespace plimsoll
