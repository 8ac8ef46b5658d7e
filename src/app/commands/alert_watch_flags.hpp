// Alerts that are watched beside a run: --alerts, --alertmanager.
#pragma once

#include "app/run_session.hpp"
#include "base/result.hpp"

#include <string>

namespace plimsoll {

class Command;

struct AlertWatchFlags {
    std::string alerts, alertmanager;  // URLs; empty: none are watched

    void add_to(Command& command);
    /// The URLs are checked here; whether anybody answers shows in the run, as a gap.
    [[nodiscard]] Status apply(SessionOptions& options) const;
};

}  // namespace plimsoll
