// What a command's exit status means: k6's numbers where k6 has one. A public contract.
#pragma once

namespace plimsoll {

enum class ExitCode : int {
    Passed = 0,
    InternalError = 70,
    ThresholdFailed = 99,  // or a regression was found
    SetupFailed = 100,     // the demo's own parts did not come up
    TeardownFailed = 101,
    InvalidInput = 104,  // scenario or flags; nothing was sent
    Interrupted = 105,   // results are written
    PortInUse = 106,
    SafetyStop = 108,  // aborted by a threshold with abort_on_fail, or because the target died
    MeasurementInvalid = 111,  // the generator was the limit
    Unreachable = 112,         // the target, from the start
};

[[nodiscard]] constexpr int to_int(ExitCode code) {
    return static_cast<int>(code);
}

}  // namespace plimsoll
