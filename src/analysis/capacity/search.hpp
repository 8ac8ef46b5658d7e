// Which level to try next: the search for the highest that is carried. Pure: no clock, no load.
#pragma once

#include "analysis/capacity/step.hpp"
#include "base/random.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace plimsoll {

struct SearchOptions {
    double start = 20;        // first level: arrivals per second, or users
    double most = 1e6;        // no level above it is tried
    double precision = 0.05;  // hi/lo - 1 to reach
    bool whole = false;       // levels are whole numbers: users
    std::uint64_t seed = 1;   // of the order of confirmations
};

/// Baseline, doubling until a step fails, geometric bisection until hi/lo ≤ 1 + precision, then
/// both ends again in shuffled order: lo three times, hi once, and lo twice more where these do not
/// tell, at most twice. An end holds by all steps at its level taken together. A step that is Edge
/// moves neither end: the gaps on both sides of it are narrowed instead, and where the answer stays
/// wider than twice the precision by half a step at both ends, and then it is held again and counts
/// with all that was held there, at most six times; so a target that gives no clear answer ends
/// with a wide interval. A step that is Void is tried once more; void again, it bounds the search
/// like a limit of the generator, never like a failure of the target. Where a confirmation
/// contradicts an end, that end is dropped and the search goes on, at most three times.
///
/// Use: while next() says a step, hold its level, then report what came of it.
class CapacitySearch {
public:
    explicit CapacitySearch(const SearchOptions& options);

    struct Step {
        StepKind kind;
        double level;
    };
    /// nullopt: the search is over.
    [[nodiscard]] std::optional<Step> next() const { return next_; }
    void report(const StepResult& step);
    /// There is no time for more than some confirmations: the lower end that is known so far is
    /// confirmed twice, however wide the answer is. Without effect before a bisection.
    void hurry();
    /// What is known so far; `end` is Searching until the search is over.
    [[nodiscard]] SearchResult result() const;
    /// How many more steps it will take, about.
    [[nodiscard]] unsigned steps_left() const;
    /// Steps that hurry() leaves.
    [[nodiscard]] static unsigned hurried_steps();

private:
    void after_baseline(const StepResult& step);
    void after_doubling(const StepResult& step);
    void after_descent(const StepResult& step);
    void after_bisection(const StepResult& step);
    void after_confirmation(const StepResult& step);
    void bisect();
    void confirm();
    void judge_confirmations();
    void finish(SearchEnd end);
    void plan(StepKind kind, double level);
    [[nodiscard]] double rounded(double level) const;
    [[nodiscard]] bool wider_than_asked(double low, double high) const;
    /// Where an answer is too wide, steps go down to half of what was asked for.
    [[nodiscard]] bool can_be_halved(double low, double high) const;

    SearchOptions options_;
    Random random_;
    std::optional<Step> next_;
    SearchEnd end_ = SearchEnd::Searching;
    std::vector<double> passed_, failed_, edges_;  // levels
    std::optional<double> void_from_;              // the generator's own limit
    bool tried_again_ = false;                     // the planned step is a second try
    std::vector<double> to_confirm_;               // the last is next
    double confirm_lo_ = 0;
    unsigned lo_passes_ = 0, lo_fails_ = 0, lo_tries_ = 0;
    StepVerdict lo_together_ = StepVerdict::Edge;
    bool hi_fails_ = true;
    unsigned more_ = 0;   // times that lo was confirmed further
    unsigned looks_ = 0;  // levels held once more to narrow the answer
    unsigned rounds_ = 0;
};

}  // namespace plimsoll
