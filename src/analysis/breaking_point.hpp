// When, and at what load, the target stopped keeping up.
#pragma once

#include "analysis/result.hpp"
#include "analysis/run_data.hpp"

namespace plimsoll {

/// What the run looked like before it broke, for normalising: medians over the first ticks.
struct Baseline {
    double until_s = 0;
    double response_s = 0;    // mean response time
    double fastest_s = 0;     // the least mean of a tick: a floor even where it broke at once
    double failed_ratio = 0;  // taken for the target's habit up to 10 %, else for a break
    double requests_per_arrival = 1;  // open model
    double requests_per_user = 0;     // ok per user and second (closed model)
};
[[nodiscard]] Baseline take_baseline(const RunData& data);

/// The breaking point with what diagnosis needs of it.
struct Break {
    BreakingPoint point;
    double certain_s = 0;      // when the evidence was conclusive
    double until_s = 0;        // until when the load stayed that high, or it recovered
    double goodput_after = 0;  // ok requests per second from certain_s to until_s
    Baseline baseline;
};

/// The earliest change that lasts at least 5 s, on two normalised series of one value a tick:
///
/// - shortfall: requests asked for (completed, plus what joined the requests in flight, plus
/// arrivals
///   that found every user busy), less those answered well. Open model: summed up this is the
///   growing queue, so it does not react to how arrivals scatter. Closed model, where users wait
///   for their answers: the requests that as many users made at the baseline's pace, less those
///   made;
/// - latency: log(R / 2 R0), R the tick's mean response time and R0 the baseline's.
///
/// Each goes through a one-sided cumulative sum that forgives a small allowance per tick (Page,
/// Biometrika 1954): S = max(0, S + x − allowance). A change is real when S passes its limit and
/// stays above zero for 5 s; it began when S last left zero, which for a change that grows from
/// nothing, as on a ramp, is the best estimate of its onset. The interval reaches from the load of
/// the last tick before the onset to the load when S passed its limit: what was still carried, and
/// what surely was not. Shortfall goes first: latency leaves its floor before capacity is reached,
/// and alone it counts only where it grew fivefold and by 0.1 s.
///
/// Where the target then carries a steady rate, as high as any before, that rate is the breaking
/// point and the interval reaches to it: a plateau shows capacity better than its edge, which noise
/// moves up on a slow ramp.
///
/// A change heals where the target then keeps up for 5 s, and for half as long as it did not, under
/// as much load. It is the breaking point where nothing else breaks, with the time of its recovery;
/// where the target later breaks for good, that is, and it is told beside it. One that comes back
/// soon at the same load had not healed.
///
/// Not judged (found is false): runs shorter than 5 s of load.
[[nodiscard]] Break find_breaking_point(const RunData& data);

}  // namespace plimsoll
