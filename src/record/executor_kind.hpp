// How an executor decides what begins when: k6's kinds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace plimsoll {

enum class ExecutorKind : std::uint8_t {
    ConstantVus,
    RampingVus,
    ConstantArrivalRate,
    RampingArrivalRate,
    PerVuIterations,
    SharedIterations,
    ExternallyControlled,      // users, set while it runs
    ExternallyControlledRate,  // the same for arrivals; written externally-controlled too
};
/// As written in a scenario and in files, by kind; an externally-controlled one with a rate is the
/// open kind.
inline constexpr std::array<std::string_view, 7> kExecutorKindNames{
    "constant-vus",      "ramping-vus",       "constant-arrival-rate", "ramping-arrival-rate",
    "per-vu-iterations", "shared-iterations", "externally-controlled"};

/// Arrivals by schedule (open model), not users in a loop (closed model).
[[nodiscard]] constexpr bool is_open(ExecutorKind kind) {
    return kind == ExecutorKind::ConstantArrivalRate || kind == ExecutorKind::RampingArrivalRate ||
           kind == ExecutorKind::ExternallyControlledRate;
}
/// Its level is set while it runs.
[[nodiscard]] constexpr bool is_steered(ExecutorKind kind) {
    return kind == ExecutorKind::ExternallyControlled ||
           kind == ExecutorKind::ExternallyControlledRate;
}
/// Ends when a number of iterations is done, at the latest after its ramp's length.
[[nodiscard]] constexpr bool is_counted(ExecutorKind kind) {
    return kind == ExecutorKind::PerVuIterations || kind == ExecutorKind::SharedIterations;
}
[[nodiscard]] constexpr std::string_view to_string(ExecutorKind kind) {
    return is_steered(kind) ? kExecutorKindNames.back()
                            : kExecutorKindNames[static_cast<std::size_t>(kind)];
}
/// The kind of that name, which of the steered two by `open`. Nothing: no such name, or one that
/// contradicts `open`.
[[nodiscard]] constexpr std::optional<ExecutorKind> executor_kind_from(std::string_view name,
                                                                       bool open) {
    for (const ExecutorKind kind :
         {ExecutorKind::ConstantVus, ExecutorKind::RampingVus, ExecutorKind::ConstantArrivalRate,
          ExecutorKind::RampingArrivalRate, ExecutorKind::PerVuIterations,
          ExecutorKind::SharedIterations, ExecutorKind::ExternallyControlled,
          ExecutorKind::ExternallyControlledRate}) {
        if (to_string(kind) == name && is_open(kind) == open) {
            return kind;
        }
    }
    return std::nullopt;
}

}  // namespace plimsoll
