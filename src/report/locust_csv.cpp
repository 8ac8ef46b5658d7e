#include "report/renderers.hpp"
#include "report/text.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <tuple>

#include <fmt/format.h>

namespace plimsoll::report {
namespace {

constexpr const char* kQuantileHeader = "50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%";

/// One line as Python's csv module writes it: RFC 4180, quotes where they are needed.
class Line {
public:
    Line& text(std::string_view bytes) {
        const auto value = clean_text(bytes);
        separate();
        if (value.find_first_of(",\"\r\n") == std::string::npos) {
            line_ += value;
            return *this;
        }
        line_ += '"';
        for (const char c : value) {
            line_ += c == '"' ? std::string("\"\"") : std::string(1, c);
        }
        line_ += '"';
        return *this;
    }
    Line& count(std::uint64_t value) { return raw(fmt::format("{}", value)); }
    /// All digits that it takes to read the same value back.
    Line& number(double value) { return raw(fmt::format("{}", value)); }
    /// Milliseconds to the microsecond.
    Line& ms(double value) {
        const double rounded = std::round(value * 1000) / 1000;
        return raw(fmt::format("{}", rounded));
    }
    Line& raw(std::string_view value) {
        separate();
        line_ += value;
        return *this;
    }
    [[nodiscard]] std::string end() { return std::move(line_) + "\r\n"; }

private:
    void separate() {
        if (std::exchange(begun_, true)) {
            line_ += ',';
        }
    }
    std::string line_;
    bool begun_ = false;
};

/// Locust knows a request by name and method, in this order; user classes share a row.
using RowKey = std::pair<std::string, std::string>;

struct Row {
    std::uint64_t requests = 0, failed = 0;
    double rate = 0;
    EndpointStats stats;
    std::map<std::string, std::uint64_t> outcomes;
    std::map<std::string, FirstLast> seen;  // by outcome
};

void add_seen(Row& row, const RunData& data, EndpointId id) {
    for (const auto& [key, seen] : data.seen) {
        if (key.first != id) {
            continue;
        }
        auto [entry, added] = row.seen.try_emplace(std::string(to_string(key.second)), seen);
        entry->second.first_s = std::min(entry->second.first_s, seen.first_s);
        entry->second.last_s = std::max(entry->second.last_s, seen.last_s);
    }
}

/// Counts and rates are the analysis' own, so that every format gives the same; percentiles come
/// from the histograms.
std::map<RowKey, Row> rows_of(const RunInfo& info, const RunData& data, const Analysis& analysis) {
    std::map<RowKey, Row> rows;
    for (const auto& endpoint : analysis.endpoints) {
        auto& row = rows[{endpoint.name, endpoint.method}];
        row.requests += endpoint.requests;
        row.failed += endpoint.failed;
        row.rate += endpoint.rate;
        for (const auto& [outcome, count] : endpoint.outcomes) {
            row.outcomes[outcome] += count;
        }
    }
    for (std::size_t id = 0; id < info.endpoints.size() && id < data.totals.size(); ++id) {
        const auto found = rows.find({info.endpoints[id].name, info.endpoints[id].method});
        if (found != rows.end()) {
            found->second.stats.merge(data.totals[id]);
            add_seen(found->second, data, static_cast<EndpointId>(id));
        }
    }
    return rows;
}

double to_ms(Nanoseconds duration) {
    return to_seconds(duration) * 1e3;
}

double content_size(const EndpointStats& stats) {
    return stats.requests == 0
               ? 0
               : static_cast<double>(stats.bytes_received) / static_cast<double>(stats.requests);
}

std::string stats_line(std::string_view method, std::string_view name, const Row& row,
                       double duration_s) {
    const auto& times = row.stats.response;
    const double failed_rate = duration_s > 0 ? static_cast<double>(row.failed) / duration_s : 0;
    Line line;
    line.text(method).text(name).count(row.requests).count(row.failed);
    line.ms(to_ms(times.quantile(0.5))).ms(to_ms(times.mean()));
    line.ms(to_ms(times.min())).ms(to_ms(times.max()));
    line.number(content_size(row.stats)).number(row.rate).number(failed_rate);
    for (const double q : kLocustQuantiles) {
        times.empty() ? line.raw("N/A") : line.ms(to_ms(times.quantile(q)));
    }
    return line.end();
}

std::string stats_csv(const std::map<RowKey, Row>& rows, const RunData& data,
                      const Analysis& analysis) {
    std::string text = fmt::format(
        "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,"
        "Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,{}\r\n",
        kQuantileHeader);
    for (const auto& [key, row] : rows) {
        text += stats_line(key.second, key.first, row, analysis.duration_s);
    }
    Row all;
    all.requests = analysis.requests;
    all.failed = analysis.failed;
    all.rate = analysis.rate;
    all.stats = data.merged();
    return text + stats_line("", "Aggregated", all, analysis.duration_s);
}

std::string history_csv(const RunData& data) {
    std::string text = fmt::format(
        "Timestamp,User Count,Type,Name,Requests/s,Failures/s,{},Total Request Count,"
        "Total Failure Count,Total Median Response Time,Total Average Response Time,"
        "Total Min Response Time,Total Max Response Time,Total Average Content Size\r\n",
        kQuantileHeader);
    for (const auto& second : data.seconds) {
        const auto rate = [&](std::uint64_t count) {
            const double span_s = second.span_s > 0 ? second.span_s : 1;
            return fmt::format("{:.6f}", static_cast<double>(count) / span_s);
        };
        Line line;
        line.raw(fmt::format("{}", second.unix_s)).count(second.users).raw("").raw("Aggregated");
        line.raw(rate(second.requests)).raw(rate(second.failed));
        for (std::size_t i = 0; i < kLocustQuantiles.size(); ++i) {
            second.quantiles_ms.empty() ? line.raw("N/A") : line.ms(second.quantiles_ms[i]);
        }
        line.count(second.requests_all).count(second.failed_all);
        line.ms(second.median_all_ms).ms(second.mean_all_ms);
        line.ms(second.min_all_ms).ms(second.max_all_ms).number(second.bytes_received_mean_all);
        text += line.end();
    }
    return text;
}

struct Failure {
    std::uint64_t count = 0;
    FirstLast seen{};
};
/// By name, method and error text.
using Failures = std::map<std::tuple<std::string, std::string, std::string>, Failure>;

std::string error_text(const ErrorResult& error) {
    const auto status = error.status > 0 ? fmt::format(" {}", error.status) : std::string();
    const auto said = one_line(error.text);
    return error.outcome + status + (said.empty() ? "" : ": ") + said;
}

void add_failure(Failures& failures, const RowKey& key, const std::string& text,
                 std::uint64_t count, FirstLast seen) {
    auto [entry, added] = failures.try_emplace({key.first, key.second, text}, Failure{0, seen});
    entry->second.count += count;
    entry->second.seen.first_s = std::min(entry->second.seen.first_s, seen.first_s);
    entry->second.seen.last_s = std::max(entry->second.seen.last_s, seen.last_s);
}

/// What was sampled by its text; what was not kept by its outcome, so that the occurrences add up
/// to the failures.
Failures failures_of(const std::map<RowKey, Row>& rows, const Analysis& analysis) {
    Failures failures;
    std::map<std::tuple<RowKey, std::string>, std::uint64_t> sampled;
    for (const auto& error : analysis.errors) {
        const RowKey key{error.name, error.method};
        sampled[{key, error.outcome}] += error.count;
        add_failure(failures, key, error_text(error), error.count, {error.first_s, error.last_s});
    }
    for (const auto& [key, row] : rows) {
        std::uint64_t other = row.failed;
        for (const auto& [outcome, count] : row.outcomes) {
            const auto parsed = outcome_from(outcome);
            const auto kept = sampled[{key, outcome}];
            if (parsed && is_failure(*parsed) && count > kept) {
                const auto seen = row.seen.find(outcome);
                add_failure(failures, key, outcome, count - kept,
                            seen == row.seen.end() ? FirstLast{} : seen->second);
            }
            other -= parsed && is_failure(*parsed) ? std::min(other, count) : 0U;
        }
        if (other > 0) {  // of those that were cut off, the ones that are known to have failed
            const std::string cut_off(to_string(Outcome::CutOff));
            const auto seen = row.seen.find(cut_off);
            add_failure(failures, key, cut_off, other,
                        seen == row.seen.end() ? FirstLast{} : seen->second);
        }
    }
    return failures;
}

std::string failures_csv(const RunInfo& info, const Failures& failures) {
    const auto at = [&](double offset_s) {
        const auto wall = info.start.wall + std::chrono::duration_cast<WallClock::duration>(
                                                std::chrono::duration<double>(offset_s));
        return utc_time(std::chrono::floor<std::chrono::seconds>(wall.time_since_epoch()).count());
    };
    std::string text = "Method,Name,Error,Occurrences,First Seen,Last Seen\r\n";
    for (const auto& [key, failure] : failures) {
        const auto& [name, method, error] = key;
        Line line;
        line.text(method).text(name).text(error).count(failure.count);
        line.text(at(failure.seen.first_s)).text(at(failure.seen.last_s));
        text += line.end();
    }
    return text;
}

}  // namespace

CsvFiles csv_files(const RunInfo& info, const RunData& data, const Analysis& analysis) {
    const auto rows = rows_of(info, data, analysis);
    return {{{"_stats.csv", stats_csv(rows, data, analysis)},
             {"_stats_history.csv", history_csv(data)},
             {"_failures.csv", failures_csv(info, failures_of(rows, analysis))},
             // Exceptions of a Locust script; a scenario has no code that could throw.
             {"_exceptions.csv", "Count,Message,Traceback,Nodes\r\n"}}};
}

}  // namespace plimsoll::report
