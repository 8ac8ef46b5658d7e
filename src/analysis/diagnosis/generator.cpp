#include "analysis/diagnosis/diagnose.hpp"

namespace plimsoll {

Finding blame_generator(const std::vector<ValidityCheck>& checks) {
    Finding finding;
    finding.cause = "generator";
    finding.confidence = "high";
    for (const ValidityCheck& check : checks) {
        if (!check.ok && check.decisive) {
            finding.evidence.push_back(check.why);
            finding.values[check.name] = check.value;
        }
    }
    finding.fix =
        "Give the generator more room: more --shards where cores are free, or a machine of its "
        "own. Until then this run says nothing about the target; with a generator that keeps up "
        "expect every check above to pass. Run again to confirm.";
    return finding;
}

}  // namespace plimsoll
