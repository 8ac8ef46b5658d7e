// The sentences that every human-readable format shares, so that they never disagree.
#pragma once

#include "analysis/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::report {

/// "application connection pool exhausted" for `app_pool_exhausted`; an unknown name is shown as
/// it is, with spaces.
[[nodiscard]] std::string cause_title(std::string_view cause);

/// The sentences alone.
[[nodiscard]] std::vector<std::string> texts(const std::vector<Sentence>& sentences);

/// "252 requests/s" in the open model, "64 users" in the closed one.
[[nodiscard]] std::string load_text(const Analysis& analysis, double load);

/// The answer in one line: "Broke at 252 requests/s (40.9 s): application connection pool exhausted
/// — 5 connections, should be 14". For an INVALID run it says that there is no answer, and why.
[[nodiscard]] std::string headline(const Analysis& analysis);

/// What supports the headline beside the findings: the symptom, the interval of the load, failed
/// thresholds, a run that was cut off. One sentence each, possibly none.
[[nodiscard]] std::vector<std::string> headline_notes(const Analysis& analysis, bool finished);

/// "All 9 checks passed." or which did not, with their figures.
[[nodiscard]] std::string validity_text(const Analysis& analysis);

/// A threshold's value in the unit of its limit: "812 ms", "0.4 %", "1,234", "250/s"; "no data".
[[nodiscard]] std::string threshold_value(const ThresholdResult& result);
/// "pass", "fail" or "not known".
[[nodiscard]] std::string_view threshold_mark(const ThresholdResult& result);
[[nodiscard]] std::string threshold_value(const Threshold& threshold, std::optional<double> value);
/// The expression, and the window that it must hold over.
[[nodiscard]] std::string threshold_text(const Threshold& threshold);

/// The results of the per-endpoint table: those that have stages.
[[nodiscard]] std::vector<const ThresholdResult*> sla_results(const Analysis& analysis);
/// "stage 2 (50/s)"; with the executor's name where there are several.
[[nodiscard]] std::string stage_title(const Analysis& analysis, std::size_t stage);

/// The stages that endpoints are compared over, as indices into Analysis::stages: those at a
/// constant level of the executor that has the most of them; empty for fewer than two. The first is
/// the baseline.
[[nodiscard]] std::vector<std::size_t> compared_stages(const Analysis& analysis);
/// "900 ms (+1,690 %)", or "50.2 ms" in the baseline; "–" without requests.
[[nodiscard]] std::string stage_mean(const StageEndpointResult& result);

/// Whether the summary may state its quantile `q`, by sample count and timeouts.
enum class Support { Stated, TooFewSamples, Censored, NoSamples };
[[nodiscard]] Support support_of(const LatencySummary& latency, double q);
/// A quantile as people read it: "24.1 ms"; "≥ 30.0 s" where it lies among requests that were given
/// up; "–" where too few samples support it.
[[nodiscard]] std::string quantile_text(const LatencySummary& latency, double q, double value_s);
/// A mean or a maximum: a lower bound where any of its values is one.
[[nodiscard]] std::string mean_text(const LatencySummary& latency, double value_s);

}  // namespace plimsoll::report
