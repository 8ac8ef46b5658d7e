// A cause with what speaks for it, before its confidence is known.
#pragma once

#include "analysis/result.hpp"

#include <string>

namespace plimsoll {

/// What a rule found. The rule states what it saw, what contradicts it and what nobody looked at;
/// how sure that is, `conclude` alone decides.
struct Claim : Finding {
    /// Somebody who knows said so: the application's own figures, an error's text, the kernel's
    /// counter.
    bool direct = false;
    /// Kinds of indirect evidence that agree and do not come from one another.
    int sources = 1;

    /// What would tell this cause from its neighbours was not measured.
    void lacks(std::string what) {
        missing.push_back(std::move(what));
        ++unchecked_;
    }
    /// What stands further inside was not measured: this one may be full as its consequence only.
    void blind_to(std::string what) {
        missing.push_back(std::move(what));
        blind_ = true;
    }
    [[nodiscard]] int unchecked() const { return unchecked_; }
    [[nodiscard]] bool blind() const { return blind_; }

private:
    int unchecked_ = 0;
    bool blind_ = false;
};

/// The finding with its confidence, from evidence, contradiction and absence:
///
/// - high: direct, all neighbours checked, nothing against it;
/// - medium: two indirect sources, the same; or direct, with a contradiction or an unchecked
///   neighbour;
/// - low: all else, and whatever was said without a look at what stands further inside.
///
/// A contradiction weighs as much as the lack of the evidence that would give it, so that taking
/// evidence away never raises a confidence.
[[nodiscard]] Finding conclude(Claim claim);

/// 0 for high, 1 for medium, 2 for low.
[[nodiscard]] int rank_of(const Finding& finding);

}  // namespace plimsoll
