// Connection pools as PostgreSQL sees them: the backends of one application.
#pragma once

#include "analysis/diagnosis/case.hpp"

#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// Backends of one (datname, usename, application_name), Plimsoll's own left out.
struct App {
    std::string datname, usename, name;
    Signal all, busy;
    bool hidden = false;  // the probe's role may not see their state: all count as busy
    /// Its own name, else its user's: what people call it.
    [[nodiscard]] std::string shown() const {
        return !name.empty() ? name : usename.empty() ? "(without a name)" : usename;
    }
    [[nodiscard]] std::string query(const Case& c) const;  // for what these backends did
};
[[nodiscard]] std::vector<App> apps_of(const RunData& data);

/// A pool that was full, and all of it busy: for as long as the load stayed high, or from the break
/// until something else gave way as well. Callers who give up take their connections with them, so
/// that a pool that was full is emptied and opened anew.
struct FullPool {
    const App* app = nullptr;
    double size = 0;       // the number of backends that most samples saw
    double busy_mean = 0;  // in `window`
    double onset_s = 0;    // since when it was full
    Window window{};       // in which it was
};
/// The fullest pool of those that were, judged on the time after the break; `apps` must outlive it.
[[nodiscard]] std::optional<FullPool> fullest_pool(const Case& c, const std::vector<App>& apps);

}  // namespace plimsoll
