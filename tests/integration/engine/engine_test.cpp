// The engine against servers that do exactly what each test says, over real sockets.
#include "tests/integration/engine/engine_run.hpp"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::ok_response;
using test::ScriptedServer;

Executor iterations(ExecutorKind kind, std::uint32_t count_of_users, std::uint64_t count,
                    Nanoseconds max_duration = 10min) {
    Executor executor = users(count_of_users, max_duration);
    executor.kind = kind;
    executor.iterations = count;
    return executor;
}

Template expression(std::string_view text) {
    return *Template::compile(text, [](const char*) -> const char* { return nullptr; });
}

/// The paths that the server was asked for, in order of text, from request `from` on.
std::vector<std::string> paths_seen(ScriptedServer& server, std::size_t from = 0) {
    std::vector<std::string> paths;
    const auto seen = server.seen();
    for (std::size_t i = from; i < seen.size(); ++i) {
        const std::size_t begin = seen[i].find(' ') + 1;
        paths.push_back(seen[i].substr(begin, seen[i].find(' ', begin) - begin));
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

TEST(Engine, SendsExactlyTheArrivalsThatTheScheduleAsks) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    for (const std::uint32_t shards : {1U, 3U}) {
        const std::uint64_t before = server.requests();
        const Outcomes out = run(scenario_for(server, arrivals(400, 1s)), shards);
        EXPECT_EQ(out.last->total_counts.arrivals_due, 400U);
        EXPECT_EQ(out.last->total[0].requests + out.last->total_counts.not_sent(), 400U);
        EXPECT_EQ(out.last->total[0].requests, server.requests() - before);
        EXPECT_EQ(out.count(Outcome::Ok), out.last->total[0].requests);
        EXPECT_EQ(out.last->total[0].response.count(), out.last->total[0].requests);
        EXPECT_EQ(out.last->total_counts.iterations_completed, out.last->total[0].requests);
    }
}

TEST(Engine, CountsWhatTheUserCapKeepsBack) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response(), 700ms}; });
    const Outcomes out = run(scenario_for(server, arrivals(50, 600ms, 5)));
    // Five users, each busy for longer than the run: the first five arrivals go out, the other 25
    // cannot.
    EXPECT_EQ(out.last->total_counts.arrivals_due, 30U);
    EXPECT_EQ(out.last->total[0].requests, 5U);
    EXPECT_EQ(out.last->total_counts.not_sent_user_cap, 25U);
    EXPECT_EQ(out.last->total_counts.not_sent_generator, 0U);
}

TEST(Engine, ReusesConnections) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    const Outcomes out = run(scenario_for(server, users(3, 400ms)));
    EXPECT_EQ(server.connections(), 3U + 1U);  // and the one that checked whether anybody is there
    EXPECT_GT(server.requests(), 10U);
    EXPECT_EQ(out.last->total_counts.connects_ok, 3U);
    EXPECT_EQ(out.last->total[0].requests, server.requests());
}

TEST(Engine, OpensANewConnectionWhereTheServerClosesAfterAResponse) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response(), 0ms, true}; });
    const Outcomes out = run(scenario_for(server, arrivals(100, 500ms)));
    EXPECT_EQ(out.count(Outcome::Ok), 50U);
    EXPECT_EQ(out.last->total[0].failed, 0U);
}

TEST(Engine, ClassifiesResponsesByStatus) {
    ScriptedServer server([](const std::string& request, int) {
        const std::string code = request.substr(5, 3);
        return Answer{"HTTP/1.1 " + code + " X\r\nContent-Length: 3\r\n\r\nabc"};
    });
    Scenario scenario = scenario_for(server, arrivals(20, 500ms));
    const std::vector<std::pair<std::string, Outcome>> cases{
        {"/200", Outcome::Ok},          {"/302", Outcome::Ok},      {"/404", Outcome::Http4xx},
        {"/429", Outcome::RateLimited}, {"/500", Outcome::Http5xx}, {"/503", Outcome::Http5xx}};
    scenario.users[0].steps.clear();
    scenario.endpoints.clear();
    for (EndpointId i = 0; i < cases.size(); ++i) {
        scenario.endpoints.push_back({"user", cases[i].first, "GET"});
        scenario.users[0].steps.push_back(get(cases[i].first, i));
    }
    const Outcomes out = run(scenario);
    for (EndpointId i = 0; i < cases.size(); ++i) {
        EXPECT_EQ(out.count(cases[i].second, i), 10U) << cases[i].first;
        EXPECT_EQ(out.last->total[i].statuses.size(), 1U);
    }
    for (const ErrorSample& error : out.errors) {
        EXPECT_EQ(error.text, error.status == 302 ? "" : "abc");
    }
}

TEST(Engine, TakesAnExpectedStatusForOkAndAnyOtherForAFailure) {
    ScriptedServer server([](const std::string& request, int) {
        return Answer{"HTTP/1.1 " + request.substr(5, 3) + " X\r\nContent-Length: 0\r\n\r\n"};
    });
    Scenario scenario = scenario_for(server, arrivals(20, 250ms));
    scenario.endpoints = {{"user", "a", "GET"}, {"user", "b", "GET"}};
    scenario.users[0].steps = {get("/404", 0), get("/200", 1)};
    scenario.users[0].steps[0].expect.statuses = {{404, 404}};
    scenario.users[0].steps[1].expect.statuses = {{201, 202}};
    const Outcomes out = run(scenario);
    EXPECT_EQ(out.count(Outcome::Ok, 0), 5U);
    EXPECT_EQ(out.count(Outcome::CheckFailed, 1), 5U);
}

TEST(Engine, CallsBrokenConnectionsByTheirNames) {
    struct Case {
        Answer answer;
        Outcome outcome;
    };
    const std::vector<Case> cases{
        {{"", 0ms, true}, Outcome::ConnectReset},
        {{"", 0ms, false, true}, Outcome::ConnectReset},
        {{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", 0ms, true}, Outcome::ClosedEarly},
        {{"HTTP/1.1 200 OK\r\nContent-Le", 0ms, true}, Outcome::ClosedEarly},
        {{"SSH-2.0-OpenSSH\r\n\r\n", 0ms, true}, Outcome::Protocol},
        {{ok_response() + "surplus"}, Outcome::Protocol},
        {{"HTTP/1.0 200 OK\r\n\r\nuntil the end", 0ms, true}, Outcome::Ok},
        {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
         Outcome::Ok}};
    for (const Case& each : cases) {
        ScriptedServer server([&](const std::string&, int) { return each.answer; });
        const Outcomes out = run(scenario_for(server, arrivals(20, 200ms)));
        EXPECT_EQ(out.count(each.outcome), 4U)
            << to_string(each.outcome) << " for " << each.answer.bytes;
        EXPECT_EQ(out.last->total[0].requests, 4U);
        EXPECT_EQ(out.last->total_counts.iterations_completed, 4U);
    }
}

TEST(Engine, TimesOutInTheHeaderAndInTheBody) {
    ScriptedServer silent([](const std::string&, int) { return Answer{"", 10s}; });
    Scenario scenario = scenario_for(silent, arrivals(20, 100ms));
    scenario.users[0].steps[0].timeout = 150ms;
    Outcomes out = run(scenario);
    EXPECT_EQ(out.count(Outcome::ResponseTimeout), 2U);
    EXPECT_GE(out.last->total[0].service.min(), 150ms);

    ScriptedServer halting([](const std::string&, int) {
        return Answer{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", 0ms, true, false, 10s};
    });
    scenario.target = *parse_target(halting.url());
    out = run(scenario);
    EXPECT_EQ(out.count(Outcome::BodyTimeout), 2U);
}

TEST(Engine, RetriesOnceWhereAKeptAliveConnectionTurnsOutClosed) {
    // Closes without an answer whatever comes second on a connection, as a server does whose idle
    // time ran out.
    ScriptedServer server([](const std::string&, int nth) {
        return nth == 0 ? Answer{ok_response()} : Answer{"", 0ms, true};
    });
    const Outcomes out = run(scenario_for(server, users(1, 300ms)));
    EXPECT_GT(out.count(Outcome::Ok), 2U);
    EXPECT_EQ(out.last->total[0].failed, 0U);
    EXPECT_GE(out.last->total_counts.reconnects + 1, out.count(Outcome::Ok));
}

TEST(Engine, SaysThatNobodyListens) {
    std::uint16_t port = 0;
    {
        const ScriptedServer gone([](const std::string&, int) { return Answer{}; });
        port = gone.port();
    }
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    Scenario scenario = scenario_for(server, arrivals(20, 200ms));
    scenario.target.port = port;
    RunInfo info = describe(scenario);
    Engine engine(scenario, info, {});
    const Status reachable = engine.prepare();
    ASSERT_FALSE(reachable.ok());
    EXPECT_EQ(reachable.error().what, "cannot connect: Connection refused");
    EXPECT_EQ(reachable.error().where, "http://127.0.0.1:" + std::to_string(port));
}

TEST(Engine, CountsRefusalsOnceTheTargetIsGone) {
    auto server = std::make_unique<ScriptedServer>([](const std::string&, int) {
        return Answer{ok_response(), 0ms, true};
    });
    const Outcomes out = run(scenario_for(*server, users(2, 400ms)), 1, 0, [&](Engine&) {
        std::this_thread::sleep_for(150ms);
        server.reset();
    });
    EXPECT_GT(out.count(Outcome::Ok), 0U);
    EXPECT_GT(out.count(Outcome::ConnectRefused), 0U);
}

TEST(Engine, KeepsAClosedLoopsResponseTimeHonest) {
    // One user and a server that takes 50 ms: the next request is due when the one before ended.
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response(), 50ms}; });
    const Outcomes out = run(scenario_for(server, users(1, 500ms)));
    EXPECT_LE(out.count(Outcome::Ok), 10U);
    EXPECT_GE(out.last->total[0].service.min(), 50ms);
    EXPECT_GE(out.last->total[0].response.min(), out.last->total[0].service.min());
}

TEST(Engine, MeasuresFromTheDueTimeWhereUsersAreLate) {
    // The only user is busy for 300 ms; the schedule does not wait, so nothing is hidden: what the
    // cap kept back is counted, and what was sent was sent on time.
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response(), 300ms}; });
    const Outcomes out = run(scenario_for(server, arrivals(10, 1s, 1)));
    EXPECT_EQ(out.last->total[0].requests + out.last->total_counts.not_sent_user_cap, 10U);
    EXPECT_GE(out.last->total_counts.not_sent_user_cap, 6U);
}

TEST(Engine, WaitsForRunningIterationsWithinGracefulStop) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response(), 400ms}; });
    Executor executor = arrivals(20, 200ms);
    executor.graceful_stop = 5s;
    const Outcomes out = run(scenario_for(server, executor));
    EXPECT_EQ(out.count(Outcome::Ok), 4U);
    EXPECT_EQ(out.last->total_counts.interrupted, 0U);
}

TEST(Engine, CutsOffWhatOutlastsGracefulStop) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response(), 10s}; });
    Executor executor = arrivals(20, 200ms);
    executor.graceful_stop = 100ms;
    const auto begin = Clock::now();
    const Outcomes out = run(scenario_for(server, executor));
    EXPECT_LT(Clock::now() - begin, 8s);
    const EndpointStats& total = out.last->total[0];
    EXPECT_EQ(total.requests, 4U);
    EXPECT_EQ(out.count(Outcome::CutOff), 4U);
    EXPECT_EQ(total.failed, 0U);  // not known to have
    EXPECT_EQ(out.last->total_counts.interrupted, 4U);
    EXPECT_EQ(out.last->state.in_flight, 0U);
    EXPECT_EQ(total.response, total.censored.get());
    EXPECT_EQ(total.service, total.censored_service.get());
    EXPECT_EQ(total.cut_off, total.censored);
    // Due at 0, 50, 100 and 150 ms, cut off 100 ms after the load's end at 200 ms.
    EXPECT_GE(total.response.min(), 150ms);
    EXPECT_GE(total.response.max(), 300ms);
    EXPECT_GE(total.response.sum(), 900ms);
}

TEST(Engine, StopsWhenAsked) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response(), 5ms}; });
    const auto begin = Clock::now();
    const Outcomes out = run(scenario_for(server, users(2, 60s)), 2, 0, [](Engine& engine) {
        std::this_thread::sleep_for(200ms);
        engine.stop_gracefully();
    });
    EXPECT_LT(Clock::now() - begin, 30s);
    EXPECT_EQ(out.last->total[0].requests, server.requests());
    EXPECT_EQ(out.last->total_counts.interrupted, 0U);
}

TEST(Engine, FollowsARampOfUsers) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response(), 5ms}; });
    Executor executor = users(0, 0ns);
    executor.kind = ExecutorKind::RampingVus;
    executor.ramp = Ramp(0, {{300ms, 6}, {300ms, 6}, {300ms, 0}});
    executor.max_vus = 6;
    const Outcomes out = run(scenario_for(server, executor), 2);
    EXPECT_EQ(server.connections(), 7U);
    EXPECT_EQ(out.last->state.users, 0U);
    EXPECT_EQ(out.last->total[0].requests, server.requests());
}

TEST(Engine, SharesArrivalsAmongUserClassesByWeight) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    Scenario scenario = scenario_for(server, arrivals(100, 1s));
    scenario.endpoints = {{"most", "/a", "GET"}, {"few", "/b", "GET"}};
    scenario.users[0].weight = 9;
    scenario.users[0].steps = {get("/a", 0)};
    UserClass few = scenario.users[0];
    few.weight = 1;
    few.steps = {get("/b", 1)};
    scenario.users.push_back(few);
    const Outcomes out = run(scenario, 2);
    ASSERT_EQ(out.last->total_counts.not_sent(), 0U);
    EXPECT_EQ(out.last->total[0].requests, 90U);
    EXPECT_EQ(out.last->total[1].requests, 10U);
}

Executor ramping(double start, std::vector<Ramp::Stage> stages, Nanoseconds graceful_ramp_down) {
    Executor executor = users(start, 0ns);
    executor.kind = ExecutorKind::RampingVus;
    executor.ramp = Ramp(start, std::move(stages));
    executor.graceful_ramp_down = graceful_ramp_down;
    return executor;
}

TEST(Engine, CutsOffUsersThatARampDownLeavesNoMoreTime) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response(), 2s}; });
    const std::vector<Ramp::Stage> down{{200ms, 5}, {0s, 2}, {200ms, 2}};
    const Outcomes cut = run(scenario_for(server, ramping(5, down, 0s)), 2);
    EXPECT_EQ(cut.count(Outcome::CutOff), 3U);
    EXPECT_GE(cut.last->total[0].cut_off.get().min(), 200ms);  // since they began
    EXPECT_EQ(cut.count(Outcome::Ok), 2U);                     // within the graceful stop
    const Outcomes finished = run(scenario_for(server, ramping(5, down, 30s)), 2);
    EXPECT_EQ(finished.last->total_counts.interrupted, 0U);
    EXPECT_EQ(finished.count(Outcome::Ok), 5U);
}

TEST(Engine, GoesOnWithTheNextIterationOfAUserThatWasCutOff) {
    ScriptedServer server([](const std::string& request, int) {
        return Answer{ok_response(), request.find("-0 ") != std::string::npos ? 5s : 5ms};
    });
    Scenario scenario = scenario_for(
        server, ramping(2, {{200ms, 2}, {0s, 0}, {200ms, 0}, {0s, 2}, {300ms, 2}}, 50ms));
    scenario.users[0].steps[0].path = expression("/${user}-${iteration}");
    const Outcomes out = run(scenario);
    EXPECT_EQ(out.last->total_counts.interrupted, 2U);
    const auto paths = paths_seen(server);
    EXPECT_EQ(std::set<std::string>(paths.begin(), paths.end()).size(), paths.size());
    EXPECT_THAT(paths, testing::IsSupersetOf({"/0-0", "/0-1", "/1-0", "/1-1"}));
}

/// One class per path /0, /1 ..., each with its own endpoint.
void give_classes(Scenario& scenario, std::uint32_t count) {
    const UserClass model = scenario.users[0];
    scenario.users.clear();
    scenario.endpoints.clear();
    for (std::uint32_t i = 0; i < count; ++i) {
        UserClass user = model;
        user.name = std::to_string(i);
        user.steps = {get("/" + user.name, i)};
        scenario.users.push_back(user);
        scenario.endpoints.push_back({user.name, "/" + user.name, "GET"});
    }
}

TEST(Engine, StartsAnExecutorAtItsTimeWithItsOwnClasses) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    Scenario scenario = scenario_for(server, arrivals(200, 300ms));
    give_classes(scenario, 3);
    scenario.load[0].users = {0};
    Executor later = arrivals(100, 200ms);
    later.start_time = 500ms;
    later.users = {1, 2};
    scenario.load.push_back(later);
    const Outcomes out = run(scenario, 2, 1.0);
    ASSERT_EQ(out.last->total_counts.not_sent(), 0U);
    EXPECT_EQ(out.last->total_counts.arrivals_due, 80U);
    EXPECT_EQ(out.last->total[0].requests, 60U);
    EXPECT_EQ(out.last->total[1].requests, 10U);
    EXPECT_EQ(out.last->total[2].requests, 10U);
    auto first = Clock::time_point::max();  // the first executor's first arrival is due at t = 0
    auto first_later = Clock::time_point::max();
    for (const IterationTrace& trace : out.traces) {
        auto& earliest = trace.user_class == 0 ? first : first_later;
        earliest = std::min(earliest, trace.due);
    }
    EXPECT_EQ(first_later - first, 500ms);
}

TEST(Engine, StartsLoopingUsersAtTheirExecutorsTime) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response(), 5ms}; });
    Scenario scenario = scenario_for(server, users(2, 200ms));
    give_classes(scenario, 2);
    scenario.load[0].users = {0};
    Executor later = users(3, 200ms);
    later.start_time = 400ms;
    later.users = {1};
    scenario.load.push_back(later);
    const Outcomes out = run(scenario, 2, 1.0);
    auto first = Clock::time_point::max();
    auto first_later = Clock::time_point::max();
    for (const IterationTrace& trace : out.traces) {
        auto& earliest = trace.user_class == 0 ? first : first_later;
        earliest = std::min(earliest, trace.due);
    }
    EXPECT_EQ(first_later - first, 400ms);
    EXPECT_EQ(server.connections(), 6U);  // one is the check that the target can be reached
    EXPECT_EQ(out.last->total[0].requests + out.last->total[1].requests, server.requests());
}

TEST(Engine, GivesEachUserItsIterations) {
    for (const std::uint32_t shards : {1U, 2U, 5U}) {
        ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
        Scenario scenario = scenario_for(server, iterations(ExecutorKind::PerVuIterations, 3, 4));
        scenario.users[0].steps[0].path = expression("/${user}-${iteration}");
        const auto begin = Clock::now();
        const Outcomes out = run(scenario, shards);
        EXPECT_LT(Clock::now() - begin, 60s);  // not max_duration
        EXPECT_EQ(out.last->total_counts.iterations_completed, 12U);
        EXPECT_EQ(out.last->total_counts.not_sent_user_cap, 0U);
        EXPECT_EQ(server.connections(), 4U);  // one is the check that the target can be reached
        EXPECT_THAT(paths_seen(server),
                    testing::ElementsAre("/0-0", "/0-1", "/0-2", "/0-3", "/1-0", "/1-1", "/1-2",
                                         "/1-3", "/2-0", "/2-1", "/2-2", "/2-3"));
    }
}

TEST(Engine, SendsSharedIterationsOnceEachWhateverTheNumberOfShards) {
    std::vector<std::vector<std::string>> paths;
    for (const std::uint32_t shards : {1U, 2U, 3U, 7U}) {
        ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
        Scenario scenario = scenario_for(server, iterations(ExecutorKind::SharedIterations, 5, 23));
        give_classes(scenario, 2);
        scenario.users[0].steps[0].path = expression("/${iteration}-${random_int(0,1000000)}");
        scenario.users[1].steps[0].path = expression("/${iteration}-x");
        const Outcomes out = run(scenario, shards);
        EXPECT_EQ(out.last->total_counts.iterations_completed, 23U);
        EXPECT_EQ(out.last->total[0].requests, 12U);
        EXPECT_EQ(out.last->total[1].requests, 11U);
        paths.push_back(paths_seen(server));
        std::set<int> numbers;
        for (const std::string& path : paths.back()) {
            numbers.insert(std::stoi(path.substr(1)));
        }
        EXPECT_EQ(numbers.size(), 23U);
        EXPECT_EQ(*numbers.rbegin(), 22);
    }
    EXPECT_EQ(paths[1], paths[0]);
    EXPECT_EQ(paths[2], paths[0]);
    EXPECT_EQ(paths[3], paths[0]);
}

TEST(Engine, LetsWhoeverIsFreeTakeTheNextSharedIteration) {
    ScriptedServer server([](const std::string& request, int) {
        return Answer{ok_response(), request.starts_with("GET /0 ") ? 2s : 0ms};
    });
    Scenario scenario = scenario_for(server, iterations(ExecutorKind::SharedIterations, 2, 40));
    scenario.users[0].steps = {get("/")};
    scenario.users[0].steps[0].path = expression("/${user}");
    const Outcomes out = run(scenario);
    EXPECT_EQ(out.last->total[0].requests, 40U);
    const auto paths = paths_seen(server);
    EXPECT_EQ(std::count(paths.begin(), paths.end(), "/0"), 1);  // held up by its first one
    EXPECT_EQ(std::count(paths.begin(), paths.end(), "/1"), 39);
}

TEST(Engine, CountsIterationsThatMaxDurationKeptBack) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response(), 5s}; });
    for (const auto kind : {ExecutorKind::SharedIterations, ExecutorKind::PerVuIterations}) {
        const std::uint64_t each = kind == ExecutorKind::SharedIterations ? 10 : 5;
        Executor executor = iterations(kind, 2, each, 300ms);
        executor.graceful_stop = 0s;
        const Outcomes out = run(scenario_for(server, executor), 2);
        EXPECT_EQ(out.last->total_counts.iterations_started, 2U);
        EXPECT_EQ(out.count(Outcome::CutOff), 2U);
        EXPECT_EQ(out.last->total_counts.not_sent_user_cap, 8U);
        EXPECT_EQ(out.last->total_counts.not_sent_generator, 0U);
    }
}

TEST(Engine, DoesNotThinkAfterTheLastIteration) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    const auto begin = Clock::now();
    for (const auto kind : {ExecutorKind::SharedIterations, ExecutorKind::PerVuIterations}) {
        Scenario scenario = scenario_for(server, iterations(kind, 2, 2));
        scenario.users[0].think = {Think::Kind::Constant, 50ms, {}};
        if (kind == ExecutorKind::SharedIterations) {
            scenario.users[0].think.a = 60s;  // one each, and none is left for later
        }
        const Outcomes out = run(scenario);
        EXPECT_EQ(out.last->total[0].requests, kind == ExecutorKind::SharedIterations ? 2U : 4U);
    }
    EXPECT_LT(Clock::now() - begin, 30s);
}

TEST(Engine, EndsIterationsThatFailAtOnce) {
    ScriptedServer server([](const std::string&, int) { return Answer{"", 0ms, true}; });
    const Outcomes out =
        run(scenario_for(server, iterations(ExecutorKind::SharedIterations, 3, 30)), 2);
    EXPECT_EQ(out.last->total_counts.iterations_completed, 30U);
    EXPECT_EQ(out.last->total[0].requests, 30U);
    EXPECT_EQ(out.count(Outcome::Ok), 0U);
}

TEST(Engine, SendsWhatTheStepSays) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    Scenario scenario = scenario_for(server, arrivals(20, 100ms));
    Step step = get("/things?x=1");
    step.method = "POST";
    step.headers = {{"Content-Type", Template::literal("application/json")}};
    step.body = Template::literal("{\"a\": 1}");
    step.has_body = true;
    scenario.target.base_path = "/api";
    scenario.users[0].steps = {step};
    const Outcomes out = run(scenario);
    ASSERT_EQ(out.count(Outcome::Ok), 2U);
    EXPECT_EQ(server.seen()[0],
              "POST /api/things?x=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                  "\r\nUser-Agent: plimsoll/test\r\nContent-Type: application/json\r\n"
                  "Content-Length: 8\r\n\r\n{\"a\": 1}");
    EXPECT_EQ(out.last->total[0].bytes_sent, 2 * server.seen()[0].size());
    EXPECT_EQ(out.last->total[0].bytes_received, 2 * ok_response().size());
}

TEST(Engine, SendsBodiesLargerThanTheSocketsBuffer) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response(), 0ms, true}; });
    Scenario scenario = scenario_for(server, arrivals(20, 100ms));
    Step step = get("/");
    step.method = "PUT";
    step.body = Template::literal(std::string(8'000'000, 'x'));
    step.has_body = true;
    scenario.users[0].steps = {step};
    const Outcomes out = run(scenario);
    EXPECT_EQ(out.count(Outcome::Ok), 2U);
    EXPECT_EQ(server.seen()[0].size(), out.last->total[0].bytes_sent / 2);
}

TEST(Engine, ReadsBodiesLargerThanItsBuffer) {
    const std::string body(3'000'000, 'y');
    ScriptedServer server([&](const std::string&, int) { return Answer{ok_response(body)}; });
    const Outcomes out = run(scenario_for(server, arrivals(20, 200ms)));
    EXPECT_EQ(out.count(Outcome::Ok), 4U);
    EXPECT_EQ(out.last->total[0].bytes_received, 4 * ok_response(body).size());
}

TEST(Engine, TracesTheShareThatWasAsked) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    Outcomes out = run(scenario_for(server, arrivals(100, 500ms)), 1, 1.0);
    ASSERT_EQ(out.traces.size(), 50U);
    for (const IterationTrace& trace : out.traces) {
        ASSERT_EQ(trace.requests.size(), 1U);
        EXPECT_EQ(trace.requests[0].path, "/");
        EXPECT_EQ(trace.requests[0].outcome, Outcome::Ok);
        EXPECT_LE(trace.requests[0].sent, trace.requests[0].first_byte);
        EXPECT_LE(trace.requests[0].first_byte, trace.requests[0].completed);
    }
    EXPECT_THAT(server.seen()[0],
                testing::ContainsRegex("traceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01\r\n"));
    out = run(scenario_for(server, arrivals(1000, 500ms)), 1, 0.1);
    const auto sampled = std::count_if(out.traces.begin(), out.traces.end(), [](const auto& trace) {
        return trace.reason == TraceReason::Sampled;
    });
    EXPECT_GT(sampled, 20);  // 50 expected of 500, drawn from the seed: the same each time
    EXPECT_LT(sampled, 90);
}

TEST(Engine, DrawsTheSameValuesWhateverTheNumberOfShards) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    std::vector<std::vector<std::string>> paths;
    for (const std::uint32_t shards : {1U, 2U}) {
        const std::size_t before = server.seen().size();
        Scenario scenario = scenario_for(server, arrivals(200, 200ms));
        scenario.users[0].steps[0].path = *Template::compile(
            "/${random_int(0,1000000)}", [](const char*) -> const char* { return nullptr; });
        run(scenario, shards);
        const auto seen = server.seen();
        std::vector<std::string> these;
        for (std::size_t i = before; i < seen.size(); ++i) {
            these.push_back(seen[i].substr(0, seen[i].find("\r\n")));
        }
        std::sort(these.begin(), these.end());
        paths.push_back(these);
    }
    EXPECT_EQ(paths[0].size(), 40U);
    EXPECT_EQ(paths[0], paths[1]);
}

}  // namespace
}  // namespace plimsoll
