// docs/metrics.md against what the endpoint serves.
#include "exporters/prometheus/prometheus_exporter.hpp"
#include "probes/app_metrics/app_metrics_probe.hpp"
#include "probes/container/container_probe.hpp"
#include "probes/host/host_probe.hpp"
#include "probes/pgbouncer/pgbouncer_probe.hpp"
#include "probes/postgres/postgres_probe.hpp"
#include "probes/target/target_probe.hpp"
#include "record/k6_metrics.hpp"
#include "signal/metric_set.hpp"
#include "tests/integration/prometheus/exposition.hpp"
#include "tests/integration/prometheus/live_run.hpp"
#include "tests/support/http_exchange.hpp"
#include "tests/support/temp_folder.hpp"

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

std::string entry_of(const std::string& name, const std::string& type,
                     const std::set<std::string>& labels) {
    std::string entry = name + " " + type;
    for (const std::string& label : labels) {
        entry += " " + label;
    }
    return entry;
}

/// "name type label label" of each row of the tables: | `name` | type | `label`, `label` | ...
std::set<std::string> documented() {
    const std::string text = test::read_file(PLIMSOLL_SOURCE_DIR "/docs/metrics.md");
    static const std::regex row(R"(^\| `(plimsoll_[a-z_]+)` \| ([a-z]+) \|([^|]*)\|)");
    static const std::regex label("`([a-z_]+)`");
    std::set<std::string> out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (!std::regex_search(line, match, row)) {
            continue;
        }
        const std::string cell = match[3];
        std::set<std::string> labels;
        for (std::sregex_iterator it(cell.begin(), cell.end(), label), end; it != end; ++it) {
            labels.insert((*it)[1]);
        }
        out.insert(entry_of(match[1], match[2], labels));
    }
    return out;
}

/// The fourth cell of each row, by metric.
std::map<std::string, std::string> documented_units() {
    const std::string text = test::read_file(PLIMSOLL_SOURCE_DIR "/docs/metrics.md");
    static const std::regex row(R"(^\| `(plimsoll_[a-z_]+)` \|[^|]*\|[^|]*\| ?([^|]*?) ?\|)");
    std::map<std::string, std::string> out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        if (std::regex_search(line, match, row)) {
            out[match[1]] = match[2];
        }
    }
    return out;
}

const char* name_of(MetricType type) {
    return type == MetricType::Counter     ? "counter"
           : type == MetricType::Histogram ? "histogram"
                                           : "gauge";
}

std::set<std::string> served() {
    test::LiveRun live;
    PrometheusOptions options;
    options.port = 0;
    const auto exporter = make_prometheus_exporter(std::move(options));
    EXPECT_TRUE(exporter->start(live.run(), live.probes()));
    exporter->on_verdict(
        std::make_shared<const RunVerdict>(RunVerdict{{{"http_reqs: count>1", true}},
                                                      {{"app_pool_exhausted", "high"}},
                                                      BrokeAt{212, 41},
                                                      true,
                                                      "VALID"}));
    exporter->on_snapshot(live.next());
    for (std::size_t probe = 0; probe < live.probes().size(); ++probe) {
        exporter->on_reading(probe, live.reading(probe, 1), test::LiveRun::healthy(1));
    }
    const auto answer = test::get(exporter->bound_port(), "/metrics");
    EXPECT_TRUE(answer);
    auto read = test::read_exposition(answer ? answer->body : "");
    std::set<std::string> out;
    for (const auto& [name, type] : read.types) {
        if (name.rfind("plimsoll_", 0) == 0) {
            out.insert(entry_of(name, type, read.labels[name]));
        }
    }
    return out;
}

/// What the probes themselves say that they report.
std::set<std::string> described() {
    std::vector<ProbePtr> probes;
    const auto add = [&](Result<ProbePtr> probe) {
        ASSERT_TRUE(probe) << probe.error().to_string();
        probes.push_back(std::move(*probe));
    };
    PostgresProbeOptions options;
    options.dsn = "host=127.0.0.1";
    add(make_postgres_probe(options));
    add(make_pgbouncer_probe({options.dsn}));
    add(make_container_probe({}));
    add(make_host_probe({}));
    add(make_socket_probe({}));
    add(make_thread_probe({}));
    AppMetricsOptions app;
    app.url = "http://127.0.0.1/metrics";
    add(make_app_metrics_probe(app));
    std::set<std::string> out;
    for (const ProbePtr& probe : probes) {
        for (const MetricDescriptor& metric : probe->descriptors()) {
            out.insert(entry_of(metric.name, name_of(metric.type),
                                {metric.labels.begin(), metric.labels.end()}));
        }
    }
    return out;
}

TEST(MetricList, NamesEveryMetricWithItsTypeAndLabels) {
    const auto docs = documented();
    auto real = served();
    ASSERT_GT(real.size(), 30U);
    for (const std::string& entry : real) {
        EXPECT_TRUE(docs.count(entry)) << "docs/metrics.md lacks a row for: " << entry;
    }
    real.merge(described());
    for (const std::string& entry : docs) {
        EXPECT_TRUE(real.count(entry))
            << "docs/metrics.md has a row for what is not served: " << entry;
    }
}

// The catalogue, whether a run happens to show the metric or not.
TEST(MetricList, IsTrueOfTheLoadsOwnMetrics) {
    const auto docs = documented();
    const auto units = documented_units();
    for (const MetricDescriptor& metric : own_metrics()) {
        const std::string entry = entry_of(metric.name, name_of(metric.type),
                                           {metric.labels.begin(), metric.labels.end()});
        EXPECT_TRUE(docs.count(entry)) << "docs/metrics.md lacks a row for: " << entry;
        const auto unit = units.find(metric.name);
        ASSERT_NE(unit, units.end()) << metric.name;
        EXPECT_EQ(unit->second, metric.unit) << metric.name;
    }
}

TEST(MetricList, GivesK6sNamesOnlyToWhatThereIs) {
    std::set<std::string> names;
    for (const MetricDescriptor& metric : own_metrics()) {
        names.insert(metric.name);
    }
    const std::string page = test::read_file(PLIMSOLL_SOURCE_DIR "/docs/json.md");
    for (const K6Metric& each : k6::kMetrics) {
        EXPECT_TRUE(names.contains(std::string(each.shows))) << each.name;
        EXPECT_NE(page.find("`" + std::string(each.name) + "`"), std::string::npos) << each.name;
    }
    for (const K6Metric& each : k6::kPhases) {
        EXPECT_TRUE(names.contains(std::string(each.shows))) << each.name;
    }
}

TEST(MetricList, IsTrueOfTheProbes) {
    const auto docs = documented();
    for (const std::string& entry : described()) {
        EXPECT_TRUE(docs.count(entry)) << "docs/metrics.md lacks a row for: " << entry;
    }
}

}  // namespace
}  // namespace plimsoll
