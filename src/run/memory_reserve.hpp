// What is left to end a run with when memory is used up.
#pragma once

namespace plimsoll {

/// Holds some memory back. The first allocation that fails anywhere in the process gets it, and
/// `spent` tells whoever leads the run to end it and report what is known. The next failure throws
/// std::bad_alloc; where nobody catches it, the process says so and ends with `exit_status`, as the
/// run file is whole up to the last tick.
void install_memory_reserve(int exit_status);
[[nodiscard]] bool memory_reserve_spent() noexcept;

}  // namespace plimsoll
