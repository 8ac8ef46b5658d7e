// What a sender to another program counted, as an exporter tells it.
#pragma once

#include "signal/exporter.hpp"

#include <string>
#include <utility>

namespace plimsoll {

/// `counts` has `sent`, `retried`, `rejected`, `dropped` and `last_error`, as HttpDelivery counts
/// them; `unit` is plural.
template <typename Counts>
[[nodiscard]] Deliveries deliveries_of(const Counts& counts, std::string unit) {
    return {std::move(unit),   counts.sent, counts.retried, counts.rejected, counts.dropped,
            counts.last_error, true};
}

}  // namespace plimsoll
