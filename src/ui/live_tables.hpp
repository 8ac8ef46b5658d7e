// The tables of the live page: endpoints with the latest ticks of each, errors with a sample.
#pragma once

#include "record/interval.hpp"
#include "record/run_info.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include <boost/json/array.hpp>

namespace plimsoll {

/// Bounded, whatever comes. Threading: one thread at a time.
class LiveTables {
public:
    static constexpr std::size_t kSpark = 60;        // ticks
    static constexpr std::size_t kMostErrors = 200;  // kinds that are counted
    static constexpr std::size_t kErrorsShown = 50;

    explicit LiveTables(const RunInfo& run) : run_(run), sparks_(run.endpoints.size()) {}

    void add_tick(const Snapshot& snapshot);

    /// The endpoints, each with its latest ticks.
    [[nodiscard]] boost::json::array endpoints() const;
    /// A row of figures of each: see docs/ui.md.
    [[nodiscard]] boost::json::array rows(const Snapshot& snapshot) const;
    [[nodiscard]] boost::json::array errors() const;
    /// Whether `errors` has changed since the last call.
    [[nodiscard]] bool take_errors_changed();

private:
    struct Spark {
        double t_s, rate, p99_s;
    };
    struct Error {
        std::string text;
        std::uint64_t count = 0;
        double first_s = 0, last_s = 0;
    };
    using ErrorKey = std::tuple<EndpointId, Outcome, std::uint16_t, std::uint64_t>;

    const RunInfo& run_;
    std::vector<std::deque<Spark>> sparks_;
    std::map<ErrorKey, Error> errors_;
    bool errors_changed_ = false;
};

}  // namespace plimsoll
