// What is asked of a Prometheus, and what it answers.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/http_client.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll {

using SeriesLabels = std::vector<std::pair<std::string, std::string>>;  // sorted by name

struct QueriedSeries {
    SeriesLabels labels;  // __name__ among them where it has one
    struct Point {
        std::int64_t at_ms;
        double value;
    };
    std::vector<Point> points;
};

/// Threading: one thread at a time.
class PrometheusApi {
public:
    /// `url`: "http://host:port". Opens nothing yet.
    [[nodiscard]] static Result<PrometheusApi> create(const std::string& url);

    /// The expression at start, start + step, ... up to and with `end`. Error: what Prometheus says
    /// of the expression, or that it does not answer.
    [[nodiscard]] Result<std::vector<QueriedSeries>> query_range(const std::string& expression,
                                                                 std::int64_t start_ms,
                                                                 std::int64_t end_ms,
                                                                 std::int64_t step_ms,
                                                                 Clock::time_point deadline);
    /// The labels of all series that match.
    [[nodiscard]] Result<std::vector<SeriesLabels>> series(const std::string& selector,
                                                           std::int64_t start_ms,
                                                           std::int64_t end_ms,
                                                           Clock::time_point deadline);

private:
    explicit PrometheusApi(HttpClient client) : client_(std::move(client)) {}
    [[nodiscard]] Result<std::string> post(const std::string& target, const std::string& form,
                                           Clock::time_point deadline);
    HttpClient client_;
};

}  // namespace plimsoll
