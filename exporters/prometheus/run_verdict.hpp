// What a run is judged by, and what it came to, as the metrics say it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

struct BrokeAt {
    double rate = 0;  // offered then: iterations per second, or users
    double at_s = 0;  // since the run's start
};

/// So far while the run goes on, and in the end.
struct RunVerdict {
    std::vector<std::pair<std::string, bool>> thresholds;       // "KEY: EXPRESSION", holds
    std::vector<std::pair<std::string, std::string>> findings;  // cause, confidence; at the end
    std::optional<BrokeAt> broke_at;                            // likewise
};

}  // namespace plimsoll
