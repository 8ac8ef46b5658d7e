#include "probes/postgres/link.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {

void Backoff::failed(Clock::time_point now) noexcept {
    constexpr Nanoseconds kLongest = std::chrono::seconds(1);
    next_ = now + wait_;
    wait_ = std::min(wait_ * 2, kLongest);
}

Status Link::raise(Clock::time_point deadline, Refusals& refusals) {
    if (connection.up()) {
        return {};
    }
    prepared.clear();
    const Clock::time_point now = Clock::now();
    if (connection.connecting()) {
        deadline = std::min(deadline, now + kGlance);
    } else if (!backoff.due(now)) {
        return Error{"the connection is lost; it is tried again shortly",
                     connection.target().where()};
    }
    Status status = connection.connect(deadline);
    if (status) {
        backoff.succeeded();
    } else if (!connection.connecting()) {
        backoff.failed(Clock::now());
        refusals.count(connection.sqlstate());
    }
    return status;
}

Result<PgRows> Link::ask(const char* name, const std::function<std::string()>& sql,
                         Clock::time_point deadline) {
    if (std::find(prepared.begin(), prepared.end(), name) == prepared.end()) {
        const auto made = connection.query(fmt::format("PREPARE {} AS {}", name, sql()), deadline);
        // One whose answer came too late is there all the same.
        if (!made && !made.error().what.ends_with("(SQLSTATE 42P05)")) {
            return made.error();
        }
        prepared.emplace_back(name);
    }
    return connection.query_prepared(name, deadline);
}

}  // namespace plimsoll
