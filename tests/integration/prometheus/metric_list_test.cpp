// docs/metrics.md: made from what the program says of its metrics, and true of what it serves.
#include "exporters/prometheus/prometheus_exporter.hpp"
#include "probes/app_metrics/app_metrics_probe.hpp"
#include "probes/canary/canary.hpp"
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

#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <vector>

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
                                                      {},
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

struct Table {
    std::string name;
    std::vector<MetricDescriptor> metrics;
};

bool tells_of_the_rest(const MetricDescriptor& metric) {
    static const std::regex rest(
        "plimsoll_(generator|exporter|threshold|finding|breaking|probe).*");
    return std::regex_match(metric.name, rest);
}

/// What the program itself says that it reports, as the page has it.
std::vector<Table> tables() {
    std::vector<Table> out{{"load", {}}, {"rest", {}}};
    for (const MetricDescriptor& metric : own_metrics()) {
        out[tells_of_the_rest(metric) ? 1 : 0].metrics.push_back(metric);
    }
    const auto add = [&](const std::string& name, Result<ProbePtr> probe) {
        ASSERT_TRUE(probe) << probe.error().to_string();
        if (out.back().name != name) {
            out.push_back({name, {}});
        }
        for (const MetricDescriptor& metric : (*probe)->descriptors()) {
            out.back().metrics.push_back(metric);
        }
    };
    PostgresProbeOptions options;
    options.dsn = "host=127.0.0.1";
    add("postgres", make_postgres_probe(options));
    add("pgbouncer", make_pgbouncer_probe({options.dsn}));
    add("container", make_container_probe({}));
    add("host", make_host_probe({}));
    add("target", make_socket_probe({}));
    add("target", make_thread_probe({}));
    AppMetricsOptions app;
    app.url = "http://127.0.0.1/metrics";
    add("app", make_app_metrics_probe(app));
    add("canary", make_http_canary({}));
    return out;
}

/// In words; where the program says none, the name does.
std::string unit_of(const MetricDescriptor& metric) {
    if (!metric.unit.empty()) {
        return metric.unit;
    }
    static const std::regex named(".*_(seconds|bytes|ratio)(_total)?");
    std::smatch match;
    return std::regex_match(metric.name, match, named) ? match[1].str() : "";
}

std::string text_of(const Table& table) {
    std::string out =
        "| metric | type | labels | unit | meaning |\n"
        "|---|---|---|---|---|\n";
    for (const MetricDescriptor& metric : table.metrics) {
        std::string labels;
        for (const std::string& label : metric.labels) {
            labels += (labels.empty() ? "`" : ", `") + label + "`";
        }
        out += "| `" + metric.name + "` | " + name_of(metric.type) + " | " + labels +
               (labels.empty() ? "| " : " | ") + unit_of(metric) +
               (unit_of(metric).empty() ? "| " : " | ") + metric.help + " |\n";
    }
    return out;
}

/// `page` with each table as the program has it.
std::string with_tables(std::string page) {
    for (const Table& table : tables()) {
        const std::string begin = "<!-- metrics: " + table.name + " -->\n";
        const std::size_t from = page.find(begin);
        const std::size_t to = page.find("<!-- end -->", from);
        if (from == std::string::npos || to == std::string::npos) {
            ADD_FAILURE() << "docs/metrics.md has no place for " << begin;
            continue;
        }
        page.replace(from + begin.size(), to - from - begin.size(), text_of(table));
    }
    return page;
}

// docs/metrics.md is made from the metric set: PLIMSOLL_UPDATE_GOLDEN=1 writes its tables anew.
TEST(MetricList, IsMadeFromTheMetricSet) {
    const std::string path = PLIMSOLL_SOURCE_DIR "/docs/metrics.md";
    const std::string page = test::read_file(path);
    const std::string made = with_tables(page);
    if (std::getenv("PLIMSOLL_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(path) << made;
    }
    EXPECT_EQ(page, made) << "run it with PLIMSOLL_UPDATE_GOLDEN=1";
}

TEST(MetricList, NamesEveryMetricWithItsTypeAndLabels) {
    const auto docs = documented();
    const auto real = served();
    ASSERT_GT(real.size(), 30U);
    for (const std::string& entry : real) {
        EXPECT_TRUE(docs.count(entry)) << "docs/metrics.md lacks a row for: " << entry;
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

}  // namespace
}  // namespace plimsoll
