// A run for the renderers' tests, made from arithmetic in memory: a ramp against a pool of five
// connections, with everything in it that a report can show.
#pragma once

#include "analysis/result.hpp"
#include "record/run_info.hpp"
#include "report/run_data.hpp"

namespace plimsoll::sample {

struct Sample {
    RunInfo info;
    report::RunData data;
    Analysis analysis;
};

/// 60 s from 25/s to 500/s in the open model; five connections held for 20 ms carry 250/s, which
/// the ramp reaches after 28.4 s; a request that waits for 2 s is answered 503. `scale` stretches
/// time: 60 gives an hour with as many requests.
[[nodiscard]] Sample broken_pool(double scale = 1);

/// The same shape with nothing wrong: 10/s in 10 s, a closed model, no probe.
[[nodiscard]] Sample held();

/// Every text in it tries to leave its place in HTML, XML, CSV, Markdown or a script.
[[nodiscard]] Sample hostile();

/// `stats` in the form that analysis gives.
[[nodiscard]] LatencySummary summary_of(const Histogram& histogram, double censored_from = 1);

}  // namespace plimsoll::sample
