// What a threshold looks at, over the last so many seconds.
#pragma once

#include "analysis/gate.hpp"

#include <optional>
#include <vector>

namespace plimsoll {

/// The sum of the last `window` of ticks. Merging is the only operation there is on histograms, so
/// ticks that leave cannot be taken away: two stacks, one merge per tick on average.
class SlidingSums {
public:
    explicit SlidingSums(double window_s) : window_s_(window_s) {}
    void add(double from_s, double to_s, LoadSums sums);
    /// nullopt before a whole window has passed.
    [[nodiscard]] std::optional<LoadSums> sum() const;
    /// Whether ticks came, but not yet a whole window of them.
    [[nodiscard]] bool is_partial() const;
    /// All of them, however short.
    [[nodiscard]] LoadSums all() const;

private:
    struct Cell {
        double from_s;
        double to_s;
        LoadSums sums;  // front: of this cell and all behind it; back: of this cell alone
    };
    void turn_over();
    double window_s_;
    std::vector<Cell> front_;  // the oldest is last
    std::vector<Cell> back_;   // the newest is last
    LoadSums back_sum_;
};

}  // namespace plimsoll
