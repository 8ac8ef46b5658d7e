#include "analysis/capacity/search.hpp"

#include <algorithm>
#include <cmath>

namespace plimsoll {
namespace {

constexpr unsigned kConfirmations = 3;
constexpr unsigned kHurriedConfirmations = 2;
constexpr unsigned kMostFails = 1;  // of the confirmations of lo: one may be a neighbour's
constexpr unsigned kMostRounds = 3;
// Where the confirmations of lo do not tell, so many more do, at most so often.
constexpr unsigned kMoreConfirmations = 2;
constexpr unsigned kMostMore = 2;
// An answer wider than so many times the precision is narrowed by another look at a level between.
constexpr double kWidest = 2;
constexpr unsigned kMostLooks = 6;
// A baseline that fails is halved so often before the answer is "not even that".
constexpr double kDeepestDescent = 64;
constexpr double kDescent = 2;

}  // namespace

CapacitySearch::CapacitySearch(const SearchOptions& options)
    : options_(options), random_(options.seed, 0, 0) {
    plan(StepKind::Baseline, std::min(options_.start, options_.most));
}

double CapacitySearch::rounded(double level) const {
    return options_.whole ? std::max(1.0, std::round(level)) : level;
}

void CapacitySearch::plan(StepKind kind, double level) {
    next_ = Step{kind, rounded(level)};
    tried_again_ = false;
}

void CapacitySearch::finish(SearchEnd end) {
    end_ = end;
    next_.reset();
}

void CapacitySearch::report(const StepResult& step) {
    if (!next_) {
        return;
    }
    if (step.verdict == StepVerdict::Void && !tried_again_) {
        tried_again_ = true;  // a hiccup of this machine is not its limit
        return;
    }
    switch (next_->kind) {
        case StepKind::Baseline:
            return after_baseline(step);
        case StepKind::Doubling:
            return after_doubling(step);
        case StepKind::Descent:
            return after_descent(step);
        case StepKind::Bisection:
            return after_bisection(step);
        case StepKind::Confirmation:
            return after_confirmation(step);
    }
}

void CapacitySearch::after_baseline(const StepResult& step) {
    const double level = next_->level;
    if (step.verdict == StepVerdict::Void) {
        void_from_ = level;
        finish(SearchEnd::GeneratorLimit);
    } else if (step.verdict == StepVerdict::Fail && !tried_again_) {
        tried_again_ = true;  // a cold start is not the target's limit
    } else if (step.verdict == StepVerdict::Fail) {
        failed_.push_back(level);
        plan(StepKind::Descent, level / kDescent);
    } else {
        if (step.leans_pass) {
            passed_.push_back(level);
        }
        level >= options_.most ? finish(SearchEnd::AtLeast)
                               : plan(StepKind::Doubling, std::min(2 * level, options_.most));
    }
}

void CapacitySearch::after_doubling(const StepResult& step) {
    const double level = next_->level;
    if (step.verdict == StepVerdict::Void) {
        void_from_ = level;
        return bisect();
    }
    if (step.verdict == StepVerdict::Fail) {
        failed_.push_back(level);
        return bisect();
    }
    // What only leans to a pass is confirmed in the end; what leans the other way is no bound yet.
    (step.leans_pass ? passed_ : edges_).push_back(level);
    if (level >= options_.most) {
        return step.leans_pass ? confirm() : bisect();
    }
    plan(StepKind::Doubling, std::min(2 * level, options_.most));
}

void CapacitySearch::after_descent(const StepResult& step) {
    const double level = next_->level;
    if (step.verdict == StepVerdict::Void) {
        void_from_ = level;
        return finish(SearchEnd::GeneratorLimit);
    }
    if (step.verdict != StepVerdict::Fail && step.leans_pass) {
        passed_.push_back(level);
        return bisect();
    }
    (step.verdict == StepVerdict::Fail ? failed_ : edges_).push_back(level);
    const double lower = rounded(level / kDescent);
    if (lower >= level || lower < options_.start / kDeepestDescent) {
        return finish(SearchEnd::AtMost);
    }
    plan(StepKind::Descent, lower);
}

bool CapacitySearch::wider_than_asked(double low, double high) const {
    if (options_.whole && high - low <= 1) {
        return false;
    }
    // A hair of room, or 1.05 made of two square roots would be cut once more.
    return high / low > (1 + options_.precision) * (1 + 1e-9);
}

bool CapacitySearch::can_be_halved(double low, double high) const {
    return (!options_.whole || high - low > 1) && high / low > 1 + options_.precision / 2;
}

SearchResult CapacitySearch::result() const {
    SearchResult result;
    result.end = end_;
    if (!passed_.empty()) {
        result.lo = *std::max_element(passed_.begin(), passed_.end());
    }
    for (const double level : failed_) {
        if ((!result.lo || level > *result.lo) && (!result.hi || level < *result.hi)) {
            result.hi = level;
        }
    }
    if (result.lo == confirm_lo_) {
        result.confirmed = lo_passes_;
        result.confirmations = lo_tries_;
    }
    return result;
}

void CapacitySearch::bisect() {
    const SearchResult known = result();
    if (!known.lo) {
        const double lowest = next_ ? next_->level : options_.start;
        return plan(StepKind::Descent, std::min(options_.start, lowest) / kDescent);
    }
    const std::optional<double> top = known.hi ? known.hi : void_from_;
    if (!top) {
        return confirm();
    }
    std::erase_if(edges_, [&](double level) { return level <= *known.lo || level >= *top; });
    std::vector<double> cuts{*known.lo};
    std::sort(edges_.begin(), edges_.end());
    cuts.insert(cuts.end(), edges_.begin(), edges_.end());
    cuts.push_back(*top);
    // From both ends: what lies between two edges would answer as they did.
    if (wider_than_asked(cuts[0], cuts[1])) {
        return plan(StepKind::Bisection, std::sqrt(cuts[0] * cuts[1]));
    }
    const std::size_t n = cuts.size();
    if (n > 2 && wider_than_asked(cuts[n - 2], cuts[n - 1])) {
        return plan(StepKind::Bisection, std::sqrt(cuts[n - 2] * cuts[n - 1]));
    }
    const bool too_wide = known.hi && (*known.hi / *known.lo) > 1 + kWidest * options_.precision;
    if (too_wide && n > 2) {
        // Half a step nearer to what does not tell is sooner told than that itself.
        if (can_be_halved(cuts[0], cuts[1])) {
            return plan(StepKind::Bisection, std::sqrt(cuts[0] * cuts[1]));
        }
        if (can_be_halved(cuts[n - 2], cuts[n - 1])) {
            return plan(StepKind::Bisection, std::sqrt(cuts[n - 2] * cuts[n - 1]));
        }
        if (looks_ != kMostLooks) {
            ++looks_;
            return plan(StepKind::Bisection, cuts[n / 2]);
        }
    }
    confirm();
}

void CapacitySearch::hurry() {
    if (next_ && next_->kind == StepKind::Bisection && result().lo) {
        confirm();
        to_confirm_.assign(kHurriedConfirmations, confirm_lo_);
        plan(StepKind::Confirmation, confirm_lo_);
    }
}

unsigned CapacitySearch::hurried_steps() {
    return kHurriedConfirmations;
}

void CapacitySearch::after_bisection(const StepResult& step) {
    const double level = next_->level;
    // Looked at once more, it counts with all that was held at it.
    const bool again = std::erase(edges_, level) > 0;
    switch (again ? step.together : step.verdict) {
        case StepVerdict::Pass:
            passed_.push_back(level);
            break;
        case StepVerdict::Fail:
            failed_.push_back(level);
            break;
        case StepVerdict::Edge:
            edges_.push_back(level);
            break;
        case StepVerdict::Void:
            void_from_ = std::min(void_from_.value_or(level), level);
            break;
    }
    bisect();
}

void CapacitySearch::confirm() {
    const SearchResult known = result();
    confirm_lo_ = *known.lo;
    lo_passes_ = 0;
    lo_fails_ = 0;
    lo_tries_ = 0;
    more_ = 0;
    hi_fails_ = true;
    to_confirm_.assign(kConfirmations, confirm_lo_);
    if (known.hi) {
        to_confirm_.push_back(*known.hi);
    }
    for (std::size_t i = to_confirm_.size(); i > 1; --i) {
        std::swap(to_confirm_[i - 1], to_confirm_[random_.between(0, i - 1)]);
    }
    plan(StepKind::Confirmation, to_confirm_.back());
}

void CapacitySearch::after_confirmation(const StepResult& step) {
    const bool of_lo = to_confirm_.back() == confirm_lo_;
    to_confirm_.pop_back();
    if (of_lo) {
        ++lo_tries_;
        lo_passes_ += step.leans_pass ? 1U : 0U;
        lo_fails_ += step.verdict == StepVerdict::Fail ? 1U : 0U;
        lo_together_ = step.together;
    } else {
        hi_fails_ = step.together == StepVerdict::Fail || step.piled_up;
    }
    if (!to_confirm_.empty()) {
        return plan(StepKind::Confirmation, to_confirm_.back());
    }
    judge_confirmations();
}

void CapacitySearch::judge_confirmations() {
    const SearchResult known = result();
    const bool lo_holds = lo_together_ == StepVerdict::Pass && lo_fails_ <= kMostFails;
    if (lo_together_ == StepVerdict::Edge && lo_fails_ <= kMostFails && more_ < kMostMore) {
        ++more_;
        to_confirm_.assign(kMoreConfirmations, confirm_lo_);
        return plan(StepKind::Confirmation, confirm_lo_);
    }
    if ((lo_holds && hi_fails_) || ++rounds_ > kMostRounds) {
        if (!lo_holds) {  // say what surely was carried, or nothing
            std::erase(passed_, confirm_lo_);
        }
        if (passed_.empty()) {
            return finish(SearchEnd::AtMost);
        }
        return finish(known.hi     ? SearchEnd::Found
                      : void_from_ ? SearchEnd::GeneratorLimit
                                   : SearchEnd::AtLeast);
    }
    if (!lo_holds) {
        std::erase(passed_, confirm_lo_);
        (lo_together_ == StepVerdict::Fail ? failed_ : edges_).push_back(confirm_lo_);
    }
    if (!hi_fails_) {  // a failure that does not stand
        std::erase(failed_, *known.hi);
        edges_.push_back(*known.hi);
        if (!result().hi) {
            return plan(StepKind::Doubling, std::min(2 * *known.hi, options_.most));
        }
    }
    bisect();
}

unsigned CapacitySearch::steps_left() const {
    if (!next_) {
        return 0;
    }
    if (next_->kind == StepKind::Confirmation) {
        return static_cast<unsigned>(to_confirm_.size());
    }
    const SearchResult known = result();
    const double gap = known.lo && known.hi ? *known.hi / *known.lo : 2;
    const double cuts = std::log2(std::max(1.0, std::log(gap) / std::log1p(options_.precision)));
    return static_cast<unsigned>(std::ceil(cuts)) + kConfirmations + 1;
}

}  // namespace plimsoll
