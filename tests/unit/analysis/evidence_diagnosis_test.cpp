// What the kernel and the application's own pages say, in the diagnosis.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/limits.hpp"
#include "analysis/diagnosis/waiting.hpp"
#include "changed_run.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using synthetic::Options;

// The synthetic run's target has room for five requests at 20 ms each; it is full at 28.4 s.
double in_flight(const RunData& data, double t_s) {
    for (const TickFacts& tick : data.ticks) {
        if (t_s >= tick.from_s && t_s < tick.to_s) {
            return tick.state.in_flight_mean;
        }
    }
    return 0;
}

/// The sockets of a target that takes in `at_once` requests, and leaves the others unread.
void add_sockets(RunData& data, double at_once) {
    const auto unread = [&data, at_once](double t) {
        return std::max(0.0, in_flight(data, t) - at_once);
    };
    const char* const probe = "target:sockets";
    add(data, probe, 5, metric::kTargetAcceptQueue, {},
        [&](double t) { return std::min(3.0, unread(t)); });
    add(data, probe, 5, metric::kTargetUnread, {{"peer", "caller"}, {"remote", ""}},
        [&](double t) { return std::max(0.0, unread(t) - 3); });
}

void add_app_cpu(RunData& data) {
    add(data, "process:web", 1, metric::kContainerCpuSeconds,
        {{"container", "web"}, {"role", "app"}}, [](double t) { return 0.1 * t; });
    add(data, "process:web", 1, metric::kContainerCpuLimit, {{"container", "web"}, {"role", "app"}},
        [](double) { return 2; });
}

RunData run_without(bool database, bool canaries, bool processes) {
    Options options;
    options.database_probe = database;
    options.canaries = canaries;
    options.processes = processes;
    return analysed(options).data;
}

/// Without any one metric no finding is surer, and the first one is the same or a mere lead.
void expect_no_surer_without_any(const RunData& data) {
    const auto with = diagnose_again(data);
    std::set<std::string> metrics;
    for (const StoredSeries& series : data.series) {
        metrics.insert(series.metric);
    }
    for (const std::string& metric : metrics) {
        RunData less = data;
        std::erase_if(less.series, [&](const StoredSeries& s) { return s.metric == metric; });
        for (StoredProbe& probe : less.probes) {
            std::erase_if(probe.info.descriptors,
                          [&](const MetricDescriptor& d) { return d.name == metric; });
        }
        for (const Finding& finding : diagnose_again(less)) {
            const auto same = std::find_if(with.begin(), with.end(), [&](const Finding& f) {
                return f.cause == finding.cause;
            });
            EXPECT_GE(rank_of(finding), same == with.end() ? 2 : rank_of(*same))
                << finding.cause << " without " << metric;
        }
    }
}

TEST(UnreadRequests, MakeAWorkerPoolCertainAndGiveItsSize) {
    RunData data = analysed({}).data;
    name_server(data, "gunicorn");
    slow_canary(data);
    EXPECT_EQ(diagnose_again(data).at(0).confidence, "low");  // or twenty threads share five
    add_threads(data, 5.1);
    EXPECT_EQ(diagnose_again(data).at(0).confidence, "medium");
    add_sockets(data, 5);
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "worker_pool");
    EXPECT_EQ(findings[0].confidence, "high");
    EXPECT_DOUBLE_EQ(findings[0].values.at("workers"), 5);
    EXPECT_TRUE(mentions(findings[0].evidence, "had not been read by the application"));
    expect_no_surer_without_any(data);
}

// gunicorn's synchronous workers accept a connection when they are free for it.
TEST(UnreadRequests, InTheAcceptQueueTellThatThereAreAsManyWorkersAsProcesses) {
    RunData data = analysed({}).data;
    slow_canary(data);
    add_sockets(data, 5);
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kTargetAcceptQueue) {
            for (auto& point : series.points) {
                point.value = std::max(0.0, in_flight(data, point.t_s) - 7);
            }
        }
    }
    add(data, "target:sockets", 5, metric::kTargetWorkers, {}, [](double) { return 7; });
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "worker_pool");
    EXPECT_DOUBLE_EQ(findings[0].values.at("workers"), 7);
}

TEST(UnreadRequests, StandInForAMissingCanary) {
    RunData data = analysed({}).data;
    std::erase_if(data.series, [](const StoredSeries& s) {
        return s.metric == metric::kCanarySeconds || s.metric == metric::kCanaryFailures;
    });
    name_server(data, "gunicorn");
    add_sockets(data, 5);
    add_threads(data, 5);
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "worker_pool");
    EXPECT_EQ(findings[0].confidence, "medium");
    EXPECT_DOUBLE_EQ(findings[0].values.at("workers"), 5);
    EXPECT_TRUE(mentions(findings[0].missing, "no_database"));
    expect_no_surer_without_any(data);
}

// Each worker holds a connection for most of a request, of a pool that is larger than that.
TEST(BusyPlateau, IsTheNumberOfWorkersWhereItIsAllButNeverPassed) {
    RunData data = analysed({}).data;
    const auto plateau_of = [&](const std::function<double(double)>& busy, double light = 1) {
        for (StoredSeries& series : data.series) {
            if (series.metric == metric::kPgBackends && series.label("state") == "active") {
                for (auto& point : series.points) {
                    point.value = point.t_s < kFull_s - 5 ? light : busy(std::round(point.t_s * 5));
                }
            }
        }
        return busy_plateau(Case(data, find_breaking_point(data)), 5);
    };
    const auto every = [](double i, int n) { return std::fmod(i, n) == 0; };
    EXPECT_EQ(plateau_of([&](double i) { return every(i, 4) ? 3 : 4; }), std::optional(4.0));
    EXPECT_EQ(plateau_of([&](double i) { return every(i, 40) ? 5 : 4; }), std::optional(4.0));
    EXPECT_FALSE(plateau_of([&](double i) { return every(i, 2) ? 3 : 4; }));
    EXPECT_FALSE(plateau_of([&](double i) { return every(i, 4) ? 5 : 4; }));
    EXPECT_FALSE(plateau_of([](double) { return 0; }));
    EXPECT_FALSE(plateau_of([](double) { return 4; }, 4));  // busy from the start: no worker's
}

TEST(UnreadRequests, BeforeOneUnknownProcessAreNoWorkersForCertain) {
    RunData data = analysed({}).data;
    slow_canary(data);
    add_sockets(data, 5);
    add(data, "target:sockets", 5, metric::kTargetWorkers, {}, [](double) { return 1; });
    const auto findings = diagnose_again(data);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].cause, "event_loop_blocked");
    EXPECT_EQ(findings[0].confidence, "low");
    EXPECT_TRUE(mentions(findings[0].missing, "5 threads that take requests for themselves"))
        << testing::PrintToString(findings[0].missing);
    expect_no_surer_without_any(data);
}

TEST(UnreadRequests, LeaveAPoolAloneWhereAllWereRead) {
    RunData data = analysed({}).data;
    add_sockets(data, 1e9);
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "app_pool_exhausted");
    EXPECT_EQ(findings[0].confidence, "medium");
    expect_no_surer_without_any(data);
}

TEST(UnreadRequests, AreTheBlockedLoopsAndNotTheAcceptQueuesFault) {
    // One request at a time: a run against a "pool" of one, held for 20 ms.
    Options options;
    options.pool = 1;
    options.stages = {{60, 100}};
    options.start = 5;
    options.database_probe = false;
    RunData data = analysed(options).data;
    slow_canary(data);
    add_sockets(data, 1);
    add(data, "host:target", 1, metric::kHostListenOverflows, {{"side", "target"}},
        [](double t) { return t < kFull_s ? 0 : 100 * (t - kFull_s); });
    add(data, "target:sockets", 5, metric::kTargetUnread,
        {{"peer", "database"}, {"remote", "127.0.0.1:5432"}},
        [](double t) { return t < kFull_s ? 0 : 4; });
    const auto findings = diagnose_again(data);
    for (const Finding& finding : findings) {
        EXPECT_NE(finding.cause, "accept_queue");
    }
    expect_no_surer_without_any(data);
}

// The loop takes requests in and asks the database for each, and comes back to few: its pool is
// full of connections that PostgreSQL has answered on.
TEST(UnreadAnswers, AreABlockedLoopsWhateverElseLooksFull) {
    RunData data = run_without(true, true, true);
    slow_canary(data);
    for (const char* metric : {metric::kTargetUnread, metric::kTargetConnections}) {
        const bool unread = metric == metric::kTargetUnread;
        add(data, "target:sockets", 5, metric, {{"peer", "database"}, {"remote", "127.0.0.1:5432"}},
            [&](double t) { return !unread       ? 5
                                   : t < kFull_s ? 0
                                                 : 4; });
    }
    add_threads(data, 1);
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1);
    EXPECT_EQ(findings[0].cause, "event_loop_blocked");
    EXPECT_NE(findings[0].confidence, "low");
    EXPECT_TRUE(mentions(findings[0].evidence, "unread on 4.0 of its 5.0 connections"));
    expect_no_surer_without_any(data);
}

TEST(UnreadAnswers, OfAMomentSayNothing) {
    RunData data = run_without(true, true, true);
    for (const char* metric : {metric::kTargetUnread, metric::kTargetConnections}) {
        const bool unread = metric == metric::kTargetUnread;
        add(data, "target:sockets", 5, metric, {{"peer", "database"}, {"remote", "127.0.0.1:5432"}},
            [&](double t) { return !unread || std::fmod(t, 2) < 0.5 ? 5 : 0; });
    }
    EXPECT_EQ(diagnose_again(data).front().cause, "app_pool_exhausted");
}

TEST(Upstream, IsNamedByTheSocketsThatWaitForIt) {
    RunData data = run_without(false, false, false);
    add_app_cpu(data);
    add_sockets(data, 1e9);
    const auto waiting = [&](double t) { return 0.9 * in_flight(data, t); };
    const std::vector<std::pair<std::string, std::string>> there{{"peer", "upstream"},
                                                                 {"remote", "10.0.0.7:9000"}};
    add(data, "target:sockets", 5, metric::kTargetWaiting, there, waiting);
    add(data, "target:sockets", 5, metric::kTargetLongestWait, there, [](double) { return 1.5; });
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "upstream");
    EXPECT_EQ(findings[0].confidence, "medium");  // nobody looked at the database
    EXPECT_TRUE(mentions(findings[0].evidence, "10.0.0.7:9000"));
    expect_no_surer_without_any(data);
}

TEST(Upstream, IsNotBlamedWhereItAnswersAsBefore) {
    RunData data = run_without(false, false, false);
    add_app_cpu(data);
    add_sockets(data, 1e9);
    // 20 ms of each request, as under light load.
    const auto waiting = [](double t) { return 0.020 * std::min(250.0, 25 + 475 * t / 60); };
    add(data, "target:sockets", 5, metric::kTargetWaiting,
        {{"peer", "upstream"}, {"remote", "10.0.0.7:9000"}}, waiting);
    for (const Finding& finding : diagnose_again(data)) {
        EXPECT_NE(finding.cause, "upstream");
    }
}

/// A page that says: five threads, busy for 20 ms with each request.
void add_tomcat(RunData& data, double hold_after_s) {
    const std::vector<std::pair<std::string, std::string>> workers{
        {"workers", "tomcat http-nio-8080"}};
    add(data, "app_metrics", 1, metric::kAppWorkersSize, workers, [](double) { return 5; });
    add(data, "app_metrics", 1, metric::kAppWorkersBusy, workers, [=](double t) {
        const double hold_s = t < kFull_s ? 0.020 : hold_after_s;
        return std::min(5.0, hold_s * (25 + 475 * t / 60));
    });
}

TEST(WorkerPool, IsFoundByTheServersOwnFigures) {
    RunData data = run_without(false, false, false);
    add_app_cpu(data);
    add_tomcat(data, 0.020);
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "worker_pool");
    EXPECT_EQ(findings[0].confidence, "low");  // nobody looked at the database
    EXPECT_DOUBLE_EQ(findings[0].values.at("workers"), 5);
    EXPECT_NEAR(findings[0].values.at("hold_s"), 0.020, 0.001);
    EXPECT_NEAR(findings[0].values.at("needed_workers"), 10, 0.3);  // 500/s × 20 ms
    const Break found = find_breaking_point(data);
    const Case broken(data, found);
    const auto limits = resource_limits(broken, broken.after());
    ASSERT_FALSE(limits.empty());
    EXPECT_EQ(limits[0].resource, "workers \"tomcat http-nio-8080\", by their server's figures");
    EXPECT_NEAR(limits[0].could_carry, 250, 10);  // 5 / 20 ms
    expect_no_surer_without_any(data);
}

TEST(WorkerPool, IsFoundByThePageThatWaitsForOneItself) {
    const auto cause_where_silent_since = [](double silent_s) {
        RunData data = run_without(false, false, false);
        add_app_cpu(data);
        add_tomcat(data, 0.020);
        for (StoredSeries& series : data.series) {
            if (series.metric.starts_with("plimsoll_app_workers")) {
                std::erase_if(series.points,
                              [&](const auto& point) { return point.t_s > silent_s; });
            }
        }
        const auto findings = diagnose_again(data);
        EXPECT_EQ(findings.size(), 1U);
        return findings.empty() ? Finding{} : findings[0];
    };
    const Finding full = cause_where_silent_since(kFull_s + 1.5);
    EXPECT_EQ(full.cause, "worker_pool");
    EXPECT_DOUBLE_EQ(full.values.at("workers"), 5);
    EXPECT_THAT(full.evidence.front().text, testing::HasSubstr("was not answered any more"));
    // What it said ten seconds before tells nothing of the break.
    EXPECT_NE(cause_where_silent_since(kFull_s - 10).cause, "worker_pool");
}

TEST(WorkerPool, IsASymptomWhereEachIsBusyForLonger) {
    RunData data = run_without(false, false, false);
    add_app_cpu(data);
    add_tomcat(data, 1);
    // Served as before, with five threads busy at once already at a tenth of the load.
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kAppWorkersBusy) {
            for (auto& point : series.points) {
                point.value = point.t_s < kFull_s ? 0.5 : 5;
            }
        }
    }
    for (const Finding& finding : diagnose_again(data)) {
        EXPECT_NE(finding.cause, "worker_pool");
    }
}

TEST(GcPause, IsFoundByTheRuntimesOwnFigures) {
    for (const double share : {0.6, 0.03}) {
        RunData data = run_without(false, false, false);
        add(data, "app_metrics", 1, metric::kAppGcPause, {}, [=](double t) {
            return 0.01 * t + (t < kFull_s ? 0 : (share - 0.01) * (t - kFull_s));
        });
        const auto findings = diagnose_again(data);
        ASSERT_FALSE(findings.empty());
        if (share < 0.1) {
            EXPECT_EQ(findings[0].cause, "unknown");
            continue;
        }
        EXPECT_EQ(findings[0].cause, "gc_pause");
        EXPECT_EQ(findings[0].confidence, "medium");  // no canary
        EXPECT_NEAR(findings[0].values.at("paused_share"), 0.6, 0.05);
        EXPECT_TRUE(mentions(findings[0].evidence, "stopped it for 60 % of the time"));
        expect_no_surer_without_any(data);
    }
}

TEST(GcPause, IsFoundByThreadsThatUseTheCpuUp) {
    for (const double gc : {1.2, 0.2}) {
        RunData data = run_without(false, false, false);
        add(data, "process:web", 1, metric::kContainerCpuSeconds,
            {{"container", "web"}, {"role", "app"}},
            [](double t) { return t < kFull_s ? 0.5 * t : 0.5 * kFull_s + 2 * (t - kFull_s); });
        add(data, "process:web", 1, metric::kContainerCpuLimit,
            {{"container", "web"}, {"role", "app"}}, [](double) { return 2; });
        add(data, "target:threads", 1, metric::kTargetGcCpu, {},
            [=](double t) { return t < kFull_s ? 0.02 * t : 0.02 * kFull_s + gc * (t - kFull_s); });
        const auto findings = diagnose_again(data);
        ASSERT_EQ(findings.size(), 1U);
        EXPECT_EQ(findings[0].cause, gc > 1 ? "gc_pause" : "app_cpu");
        expect_no_surer_without_any(data);
    }
}

}  // namespace
}  // namespace plimsoll
