// Prometheus' text format, and OpenMetrics, read sample by sample.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll {

struct MetricSample {
    std::string name;
    std::vector<std::pair<std::string, std::string>> labels;  // as written, unescaped
    double value = 0;                                         // may be NaN or infinite
    /// The value of the first label called `name`; empty where there is none.
    [[nodiscard]] std::string_view label(std::string_view name) const;
};

/// Goes through a scrape without keeping it. Comments, time stamps and exemplars are skipped; names
/// and label names may be quoted (UTF-8 names of Prometheus 3). Holds a view: `text` must outlive
/// it.
class ExpositionReader {
public:
    explicit ExpositionReader(std::string_view text) : rest_(text) {}
    /// The next sample; nothing at the end. Error: a line that is none, with its number and start;
    /// the next call goes on after it.
    [[nodiscard]] Result<std::optional<MetricSample>> next();

private:
    std::string_view rest_;
    std::size_t line_ = 0;
};

/// `name`, `name{label="value",other="x"}` or `{__name__="name"}`: a selector of series by
/// equality. The result's value is 0. Error: what is wrong with it.
[[nodiscard]] Result<MetricSample> parse_selector(std::string_view text);

}  // namespace plimsoll
