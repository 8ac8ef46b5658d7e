// What services that nobody here wrote have shown: threads and pools of a few, proxies in front,
// HTTP clients with a limit, and machines that others use up. Recordings of them are
// tests/recordings; here each kind is apart.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/full_pool.hpp"
#include "analysis/diagnosis/own_pool.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "analysis/diagnosis/unread.hpp"
#include "changed_run.hpp"
#include "signal/names.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

Finding first(const RunData& data) {
    const auto findings = diagnose_again(data);
    return findings.empty() ? Finding{} : findings[0];
}

/// Whether its threads are clearly more than the connections of its full pool.
bool has_more_threads(const RunData& data) {
    const Case c(data, find_breaking_point(data));
    const std::vector<App> apps = apps_of(data);
    const auto pool = fullest_pool(c, apps);
    EXPECT_TRUE(pool);
    return pool && more_threads(c, *pool);
}

/// Requests that nobody has taken in, on connections that nobody has accepted; `accepted` others.
void add_accept_queue(RunData& data, double accepted) {
    add(data, "target:sockets", 5, metric::kTargetAcceptQueue, {},
        [](double t) { return t < kFull_s ? 0 : 20 * (t - kFull_s); });
    add(data, "target:sockets", 5, metric::kTargetConnections, {{"peer", "caller"}, {"remote", ""}},
        [=](double) { return accepted; });
}

void set_app_cpu(RunData& data, double cores) {
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kContainerCpuSeconds && series.label("role") == "app") {
            for (auto& point : series.points) {
                point.value = cores * point.t_s;
            }
        }
    }
}

void use_up_host(RunData& data) {
    for (const char* cpu : {"0", "1"}) {
        add_scraped(data, metric::kHostCpuSeconds, {{"side", "target"}, {"cpu", cpu}},
                    [](double t) { return 0.99 * t; });
    }
}

/// What is active is idle inside a transaction instead; for how long, the caller adds.
void make_idle_in_transaction(RunData& data) {
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kPgBackends && series.label("state") == "active") {
            for (auto& [name, value] : series.labels) {
                value = name == "state" ? "idle in transaction" : value;
            }
        }
    }
    std::erase_if(data.series,
                  [](const StoredSeries& s) { return s.metric == metric::kPgIdleInTransaction; });
}

// Puma and waitress: whatever the request, it waits for a thread; and five requests at a time is
// what five threads do, and what sixteen threads do that share five connections.
TEST(Threads, TellAPoolFromTheWorkersThatWaitForIt) {
    RunData data = analysed({}).data;
    name_server(data, "puma");
    slow_canary(data);
    EXPECT_EQ(first(data).confidence, "low") << first(data).cause;
    RunData many = data;
    add_threads(many, 15.6);
    EXPECT_EQ(first(many).cause, "app_pool_exhausted");
    EXPECT_EQ(first(many).confidence, "medium");
    EXPECT_DOUBLE_EQ(first(many).values.at("pool_size"), 5);
    EXPECT_TRUE(mentions(first(many).evidence, "15.6 threads took turns"));
    RunData few = data;
    add_threads(few, 5.2);
    EXPECT_EQ(first(few).cause, "worker_pool");
    EXPECT_EQ(first(few).confidence, "medium");
    EXPECT_DOUBLE_EQ(first(few).values.at("workers"), 5);
    // An event loop works for all of them on one thread.
    RunData loop = data;
    add_threads(loop, 1.1);
    EXPECT_FALSE(has_more_threads(loop));
}

// Puma gives each process's connections a name of its own: together they are as many as threads.
TEST(Threads, AreComparedWithTheConnectionsOfAllProcesses) {
    RunData data = analysed({}).data;
    RunData threads = data;
    add_threads(threads, 9.6);
    EXPECT_TRUE(has_more_threads(threads));
    std::vector<StoredSeries> other;
    for (const StoredSeries& each : threads.series) {
        if (each.metric != metric::kPgBackends) {
            continue;
        }
        StoredSeries& series = other.emplace_back(each);
        for (auto& [name, value] : series.labels) {
            value = name == "application_name" ? "another process" : value;
        }
    }
    const std::size_t first = threads.series.size();
    threads.series.insert(threads.series.end(), other.begin(), other.end());
    EXPECT_FALSE(has_more_threads(threads));
    for (StoredSeries& series : threads.series) {  // somebody else's are no part of it
        for (auto& [name, value] : series.labels) {
            value = value == "another process"                               ? "report"
                    : name == "usename" && &series >= &threads.series[first] ? "nightly"
                                                                             : value;
        }
    }
    EXPECT_TRUE(has_more_threads(threads));
}

// Puma in two processes of two threads each: the processes are two, the workers four.
TEST(Threads, AreCountedByTheConnectionsThatWereAcceptedWhileOthersWaited) {
    RunData data = analysed({}).data;
    name_server(data, "puma");
    slow_canary(data);
    add_accept_queue(data, 6);  // a canary among them
    add(data, "target:sockets", 5, metric::kTargetWorkers, {}, [](double) { return 2; });
    add_threads(data, 5.1);
    EXPECT_EQ(first(data).cause, "worker_pool");
    EXPECT_DOUBLE_EQ(first(data).values.at("workers"), 5);
    // waitress reads a hundred ahead, whatever it has threads.
    RunData ahead = analysed({}).data;
    name_server(ahead, "waitress-serve");
    slow_canary(ahead);
    add_accept_queue(ahead, 100);
    add_threads(ahead, 5.1);
    EXPECT_EQ(first(ahead).cause, "worker_pool");
    EXPECT_DOUBLE_EQ(first(ahead).values.at("workers"), 5);
}

// The same number of threads at work, and each for far longer: they wait for something else.
TEST(Threads, ThatAllHangAreNoWorkersThatAreTooFew) {
    RunData data = analysed({}).data;
    std::erase_if(data.series,
                  [](const StoredSeries& s) { return s.metric == metric::kPgBackends; });
    add(data, "postgres", 5, metric::kPgBackends,
        {{"datname", "shop"},
         {"usename", "web"},
         {"application_name", "web"},
         {"state", "idle"},
         {"wait_event_type", "Client"}},
        [](double) { return 5; });
    slow_canary(data);
    name_server(data, "puma");
    add_threads(data, 16);
    EXPECT_NE(first(data).cause, "worker_pool");
}

// Jetty runs one request or other itself as it comes: a single canary is answered by luck.
TEST(Canaries, ThatAreQuickOnceSayNothingOfWorkersToSpare) {
    RunData data = analysed({}).data;
    slow_canary(data);
    const auto fast_at = [&](double from_s, double to_s) {
        RunData changed = data;
        for (StoredSeries& series : changed.series) {
            if (series.metric == metric::kCanarySeconds &&
                series.label("canary") == "no_database") {
                for (auto& point : series.points) {
                    point.value = point.t_s >= from_s && point.t_s < to_s ? 0.002 : point.value;
                }
            }
        }
        return reach_of(Case(changed, find_breaking_point(changed))).in_flight_fast;
    };
    const double before = fast_at(0, 0);
    EXPECT_DOUBLE_EQ(fast_at(kFull_s + 2.3, kFull_s + 2.4), before);
}

// All threads are busy with transactions that wait for something else, so that the URL without
// database waits for a thread. What PostgreSQL answered was read at once.
TEST(IdleInTransaction, IsSureWhereItsAnswersWereRead) {
    RunData data = analysed({}).data;
    make_idle_in_transaction(data);
    add(data, "postgres", 5, metric::kPgIdleInTransaction, {}, [](double) { return 0.09; });
    slow_canary(data);
    EXPECT_EQ(first(data).cause, "idle_in_transaction");
    EXPECT_EQ(first(data).confidence, "low");
    const Labels database{{"peer", "database"}, {"remote", "127.0.0.1:5432"}};
    add(data, "target:sockets", 5, metric::kTargetConnections, database, [](double) { return 5; });
    EXPECT_EQ(first(data).confidence, "low");
    add(data, "target:sockets", 5, metric::kTargetUnread, database, [](double) { return 0; });
    EXPECT_EQ(first(data).cause, "idle_in_transaction");
    EXPECT_EQ(first(data).confidence, "medium");
    EXPECT_TRUE(mentions(first(data).evidence, "had read what PostgreSQL answered"));
}

// Ruby and Python run one thread at a time. Beside other work it gets a third of a core, and waits
// for the rest of it.
TEST(Cpu, ThatOthersHadIsWantedAllTheSame) {
    RunData data = analysed({}).data;
    std::erase_if(data.series,
                  [](const StoredSeries& s) { return s.metric == metric::kPgBackends; });
    data.facts["env.cores"] = "2";
    slow_canary(data);
    set_app_cpu(data, 0.35);
    const auto level = [](const RunData& of) {
        return app_cpu_of(Case(of, find_breaking_point(of)));
    };
    name_server(data, "ruby");
    EXPECT_EQ(level(data).level, Level::Room);
    RunData waits = data;
    add_threads(waits, 16, 0.85);
    add(waits, "target:sockets", 5, metric::kTargetWorkers, {}, [](double) { return 1; });
    EXPECT_EQ(level(waits).level, Level::Unknown);  // whether the machine was used up
    use_up_host(waits);
    EXPECT_EQ(level(waits).level, Level::Full);
    EXPECT_TRUE(level(waits).starved);
    EXPECT_EQ(first(waits).cause, "app_cpu");
    EXPECT_EQ(first(waits).confidence, "low");
    EXPECT_TRUE(mentions(first(waits).missing, "where nothing else uses these cores"));
    name_server(waits, "java");  // which could have used the other core
    EXPECT_EQ(level(waits).level, Level::Room);
    use_up_host(data);
    add_threads(data, 16, 0.3);
    EXPECT_EQ(level(data).level, Level::Room);
    // Four threads that hash, on two cores that are used up.
    set_app_cpu(data, 0.9);
    add_threads(data, 4, 0.2);
    std::erase_if(data.series,
                  [](const StoredSeries& s) { return s.metric == metric::kTargetRunDelay; });
    name_server(data, "java");
    EXPECT_NE(level(data).level, Level::Full);
    add(data, "target:threads", 1, metric::kTargetRunDelay, {}, [](double t) { return 3 * t; });
    EXPECT_EQ(level(data).level, Level::Full);
}

/// What `connections` to another service do, `waiting` of which wait for an answer after the break.
RunData with_upstream(double connections, double waiting, double taken_in) {
    RunData data = analysed({}).data;
    std::erase_if(data.series,
                  [](const StoredSeries& s) { return s.metric == metric::kPgBackends; });
    const Labels there{{"peer", "upstream"}, {"remote", "10.0.0.7:9000"}};
    add(data, "target:sockets", 5, metric::kTargetAcceptQueue, {}, [](double) { return 0; });
    add(data, "target:sockets", 5, metric::kTargetConnections, there,
        [=](double t) { return t < kFull_s ? 2 : connections; });
    add(data, "target:sockets", 5, metric::kTargetWaiting, there,
        [=](double t) { return t < kFull_s ? 0.5 : waiting; });
    for (TickFacts& tick : data.ticks) {
        tick.state.in_flight_mean = tick.from_s < kFull_s ? 3 : taken_in;
    }
    return data;
}

// aiohttp and others open a hundred connections and no more: the other requests wait for one.
TEST(Upstream, IsNamedWhereAllConnectionsOfTheHttpClientWait) {
    const Finding most = first(with_upstream(100, 97, 110));
    EXPECT_EQ(most.cause, "upstream");
    EXPECT_TRUE(mentions(most.evidence, "requests that it had taken in were waiting for 10.0.0.7"));
    EXPECT_FALSE(mentions(most.evidence, "of its 100.0 connections"));
    const Finding all_taken = first(with_upstream(100, 97, 570));
    EXPECT_EQ(all_taken.cause, "upstream");
    EXPECT_NE(all_taken.confidence, "low");
    EXPECT_TRUE(mentions(all_taken.evidence, "of its 100.0 connections there 97.0 waited"));
    EXPECT_FALSE(mentions(first(with_upstream(100, 20, 570)).evidence, "10.0.0.7:9000"));
}

TEST(Upstream, OfAProxyMayBeTheApplication) {
    RunData data = with_upstream(100, 97, 110);
    name_server(data, "nginx");
    const Finding found = first(data);
    EXPECT_EQ(found.confidence, "low") << found.cause;
    EXPECT_TRUE(mentions(found.missing, "\"nginx\" passes requests on; add the process behind it"));
}

// Ten requests wait for as many connections of the pool, each with one in hand.
TEST(Pool, OfWhichHoldersWaitForAnotherOneIsNamedByItsOwnWords) {
    synthetic::Options options;
    options.pool_timeout_s = 2;
    RunData data = analysed(options).data;
    make_idle_in_transaction(data);
    const auto nested = [](const RunData& of) {
        return holders_wait_for_another(Case(of, find_breaking_point(of)));
    };
    add(data, "postgres", 5, metric::kPgIdleInTransaction, {},
        [](double t) { return t < kFull_s ? 0.01 : 1.5; });
    const Labels database{{"peer", "database"}, {"remote", "127.0.0.1:5432"}};
    add(data, "target:sockets", 5, metric::kTargetConnections, database, [](double) { return 5; });
    add(data, "target:sockets", 5, metric::kTargetUnread, database, [](double) { return 0; });
    EXPECT_FALSE(nested(data)) << "whether some are held for ever, nobody counted";
    probe_named(data, "postgres")
        .info.descriptors.push_back({metric::kPgStale, MetricType::Gauge, "", {}});
    EXPECT_TRUE(nested(data));
    RunData unseen = data;
    std::erase_if(unseen.series, [](const StoredSeries& s) { return s.probe == "target:sockets"; });
    EXPECT_FALSE(nested(unseen)) << "whether another service is waited for, nobody saw";
    std::erase_if(data.series,
                  [](const StoredSeries& s) { return s.metric == metric::kPgIdleInTransaction; });
    add(data, "postgres", 5, metric::kPgIdleInTransaction, {}, [](double) { return 1.5; });
    EXPECT_FALSE(nested(data)) << "they were as idle before";
}

}  // namespace
}  // namespace plimsoll
