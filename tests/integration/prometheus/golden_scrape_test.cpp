// Whole pages, byte by byte: what people's dashboards, alerts and recording rules were written
// against. PLIMSOLL_UPDATE_GOLDEN=1 writes them anew.
#include "exporters/prometheus/prometheus_exporter.hpp"
#include "tests/integration/prometheus/live_run.hpp"
#include "tests/support/http_exchange.hpp"
#include "tests/support/temp_folder.hpp"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::LiveRun;

void expect_golden(const PrometheusExporter& exporter, const std::string& name) {
    const auto answer = test::get(exporter.bound_port(), "/metrics");
    ASSERT_TRUE(answer);
    const std::string path = std::string(PLIMSOLL_SOURCE_DIR) + "/tests/golden/metrics/" + name;
    if (std::getenv("PLIMSOLL_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(path) << answer->body;
        FAIL() << name << " was written anew";
    }
    EXPECT_EQ(answer->body, test::read_file(path)) << name;
}

/// Two databases of one kind, tags with names of all sorts.
class GoldenScrape : public testing::Test {
protected:
    GoldenScrape() : run_(live_.run()), probes_(live_.probes()) {
        run_.start.wall = WallClock::time_point(1767225600s + 250ms);  // 2026-01-01T00:00:00.25Z
        run_.tags = {"env=ci", "git.sha=a=b", "run=mine", "7=x"};
        ProbeInfo second = probes_[0];
        second.name = "postgres-2";
        probes_.push_back(second);
    }

    void read_all(Exporter& exporter) const {
        for (std::size_t probe = 0; probe < probes_.size(); ++probe) {
            const bool second = probe == live_.probes().size();
            exporter.on_reading(probe, live_.reading(second ? 0 : probe, 24), LiveRun::healthy(24));
        }
    }

    /// The run's 25th tick, with all counts above 0.
    SnapshotPtr tick() {
        SnapshotPtr latest;
        for (int i = 0; i < 25; ++i) {
            latest = live_.next();
        }
        auto out = std::make_shared<Snapshot>(*latest);
        out->total_counts.redirects = 4;
        out->total_counts.iterations_cut_short = 5;
        out->total_counts.steps_unrendered = 6;
        out->total_counts.starts_failed = 7;
        out->total_counts.users_stopped = 8;
        out->total_counts.out_of_data = 9;
        out->total_late_sends = 11;
        for (std::size_t i = 0; i < kRequestPhaseCount; ++i) {
            out->total_phases.times[i].record_n(1ms * (i + 1), i + 1);
        }
        return out;
    }

    static VerdictPtr verdict(bool final) {
        RunVerdict out{{{"http_reqs: count>1", true},
                        {"http_reqs: count>1", false},
                        {"http_req_duration: p(95)<250ms", false}},
                       {},
                       {},
                       {},
                       final};
        if (final) {
            out.findings = {{"app_pool_exhausted", "high"}};
            out.broke_at = BrokeAt{212.5, 41};
            out.validity = "DEGRADED";
        }
        return std::make_shared<const RunVerdict>(out);
    }

    LiveRun live_;
    RunInfo run_;
    std::vector<ProbeInfo> probes_;
};

TEST_F(GoldenScrape, OfARunFromItsStartToItsEnd) {
    const auto exporter = make_prometheus_exporter({"127.0.0.1", 0});
    ASSERT_TRUE(exporter->start(run_, probes_));
    exporter->on_verdict(verdict(false));
    exporter->on_deliveries(std::make_shared<const ExporterCounts>(
        ExporterCounts{{"prometheus", {"records", 3, 0, 0, 1, ""}},
                       {"run_file", {}},
                       {"otlp", {"spans", 5, 2, 3, 7, "no"}}}));
    expect_golden(*exporter, "before.txt");
    exporter->on_snapshot(tick());
    read_all(*exporter);
    expect_golden(*exporter, "running.txt");
    exporter->on_gap(0, {"postgres", {}, {}, "connection refused", true}, {false, 1, 2, 1, 2ms});
    expect_golden(*exporter, "gap.txt");
    exporter->on_snapshot(live_.next(true));
    exporter->on_load_end();
    exporter->on_verdict(verdict(true));
    expect_golden(*exporter, "end.txt");
}

TEST_F(GoldenScrape, OfProbesAlone) {
    const auto exporter = make_prometheus_exporter({"127.0.0.1", 0});
    run_.has_load = false;
    probes_.pop_back();
    ASSERT_TRUE(exporter->start(run_, probes_));
    read_all(*exporter);
    exporter->on_dropped(3);
    expect_golden(*exporter, "probes_alone.txt");
}

}  // namespace
}  // namespace plimsoll
