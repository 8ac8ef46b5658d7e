#include "analysis/diagnosis/claim.hpp"

#include <utility>

namespace plimsoll {

Finding conclude(Claim claim) {
    const bool doubtful = claim.unchecked() > 0 || !claim.against.empty();
    if (claim.blind()) {
        claim.confidence = "low";
    } else if (claim.direct) {
        claim.confidence = doubtful ? "medium" : "high";
    } else {
        claim.confidence = !doubtful && claim.sources >= 2 ? "medium" : "low";
    }
    return claim;
}

int rank_of(const Finding& finding) {
    return finding.confidence == "high" ? 0 : finding.confidence == "medium" ? 1 : 2;
}

}  // namespace plimsoll
