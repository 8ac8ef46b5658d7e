// What an experiment with alerts is: faults, how long each lasts, and how long all is well between.
#pragma once

#include "base/clock.hpp"
#include "base/units.hpp"
#include "net/http_message.hpp"
#include "scenario/parse.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// One HTTP request that plants or heals a fault. Any answer of 2xx means that it did. Headers and
/// body may hold secrets: no text that people see has them.
struct FaultCall {
    std::string url;
    std::string method;
    HttpHeaders headers;
    std::string body;
};

struct ExperimentFault {
    std::string name;
    std::string lab;  // as `plimsoll lab` plants it: app-pool:size=2; empty: by calls
    FaultCall plant, heal;
};

struct Experiment {
    std::string name;
    std::vector<std::string> rules;  // files and patterns; may be empty: then a server is asked
    std::vector<ExperimentFault> faults;
    std::string scenario;      // whose load it is; empty: the lab's own
    std::optional<Rate> rate;  // arrivals per second in place of the scenario's load
    Nanoseconds healthy = std::chrono::minutes(1);  // before, between and after the faults
    Nanoseconds fault = std::chrono::minutes(1);    // that each is in force
    /// Of each healthy stretch after a fault, what still belongs to that.
    Nanoseconds settle = std::chrono::seconds(30);
    std::uint32_t repeat = 3;
    std::uint64_t seed = 1;
    Nanoseconds scrape = std::chrono::seconds(15);
    std::optional<Nanoseconds> evaluation;  // absent: as `scrape`

    [[nodiscard]] bool in_lab() const { return !faults.empty() && !faults.front().lab.empty(); }
    /// Of one repetition.
    [[nodiscard]] Nanoseconds length() const {
        return healthy + (fault + healthy) * static_cast<std::int64_t>(faults.size());
    }
};

/// Either an experiment or every fault found, in order of place.
struct ExperimentParse {
    std::optional<Experiment> experiment;
    std::vector<Fault> faults;
};

/// Reads an experiment's YAML. Files that it names are its neighbours.
[[nodiscard]] ExperimentParse parse_experiment(std::string_view yaml, const ParseOptions& options);

}  // namespace plimsoll
