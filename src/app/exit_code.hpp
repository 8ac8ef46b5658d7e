// What a command's exit status means: k6's numbers where k6 has one. A public contract.
#pragma once

namespace plimsoll {

enum class ExitCode : int {
    Passed = 0,
    InternalError = 70,
    ThresholdFailed = 99,  // at the end, or in mid-run with abort_on_fail; or requests unanswered
    SetupFailed = 100,     // the demo's own parts did not come up
    TeardownFailed = 101,
    InvalidInput = 104,  // scenario or flags; nothing was sent
    Interrupted = 105,   // results are written
    PortInUse = 106,
    SafetyStop = 108,          // the demo's lab or PostgreSQL died in mid-run
    MeasurementInvalid = 111,  // the generator was the limit
    Unreachable = 112,         // the target, from the start: no connection ever stood
};

[[nodiscard]] constexpr int to_int(ExitCode code) {
    return static_cast<int>(code);
}

}  // namespace plimsoll
