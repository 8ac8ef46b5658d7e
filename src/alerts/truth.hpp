// What is known of a run without its alerts: when the trouble began, and whom it hurt.
#pragma once

#include "analysis/result.hpp"
#include "base/result.hpp"
#include "store/run_reader.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

struct RunTruth {
    std::string path, id, scenario;
    double duration_s = 0;
    /// What delays count from; absent: the run is healthy throughout.
    std::optional<Onset> onset;
    std::vector<Onset> others;  // that were known as well
    /// How often trouble was made: faults that were planted, from the onset on; never 0.
    std::size_t troubles = 1;
    /// Before the onset, or all of a healthy run: whoever fires here, lies.
    [[nodiscard]] double healthy_s() const { return onset ? onset->at_s : duration_s; }
};

/// The first of: `given_s` (the user's own word), the planted fault's time stamp, the first
/// finding's onset (between it and the breaking point where there is one), the breaking point.
[[nodiscard]] Result<RunTruth> find_truth(const RunReader& reader, const std::string& path,
                                          std::optional<double> given_s);

/// Requests that were hurt, since the start, at each tick's end.
class HarmCurve {
public:
    [[nodiscard]] static Result<HarmCurve> read(const RunReader& reader);

    struct Harm {
        double failed = 0;
        double slow = 0;  // slower than the limit, failed or not; 0 without one
    };
    [[nodiscard]] Harm between(double from_s, double to_s) const;
    /// The tightest limit on response times among the run's thresholds.
    [[nodiscard]] std::optional<double> limit_s() const { return limit_s_; }

private:
    struct Point {
        double at_s;
        Harm sum;
    };
    [[nodiscard]] Harm at(double t_s) const;
    std::vector<Point> points_;
    std::optional<double> limit_s_;
};

}  // namespace plimsoll
