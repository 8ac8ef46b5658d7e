// What users do: flows, variables, data, checks, groups, over real sockets.
#include "engine/single_run.hpp"
#include "tests/integration/engine/engine_run.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::Answer;
using test::ok_response;
using test::ScriptedServer;
using testing::ElementsAre;
using testing::HasSubstr;

/// "GET /x": what a request asks for.
std::string line_of(const std::string& request) {
    return request.substr(0, request.find(" HTTP/1.1"));
}

std::string created(const std::string& body) {
    return "HTTP/1.1 201 Created\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
}

/// Rows r0, r1, ... in one column.
class Rows final : public DataSource {
public:
    Rows(std::string name, DataPick pick, std::uint64_t count) : count_(count) {
        name_ = std::move(name);
        pick_ = pick;
        columns_ = {"value"};
    }
    [[nodiscard]] std::uint64_t rows() const noexcept override { return count_; }
    void append(std::uint64_t row, std::uint32_t /*column*/, std::string& out) const override {
        EXPECT_LT(row, count_);
        out += "r" + std::to_string(row);
    }

private:
    std::uint64_t count_;
};

/// Users that each do a number of iterations.
Executor per_user(std::uint32_t count, std::uint64_t iterations) {
    Executor executor = users(count, 60s);
    executor.kind = ExecutorKind::PerVuIterations;
    executor.iterations = iterations;
    return executor;
}

/// A scenario of one class, put together as the reader of files does.
struct Built {
    explicit Built(const ScriptedServer& server, Executor executor, std::vector<std::string> names)
        : scenario(scenario_for(server, std::move(executor))) {
        scenario.variables = std::move(names);
        scenario.endpoints.clear();
        who().steps.clear();
    }
    UserClass& who() { return scenario.users.front(); }
    Template text(std::string_view written) const {
        const std::vector<std::uint8_t> all(scenario.variables.size(), 1);
        TemplateScope scope;
        scope.variables = scenario.variables;
        scope.visible = all;
        scope.data = scenario.data;
        auto compiled = Template::compile(written, scope);
        EXPECT_TRUE(compiled.ok()) << written;
        return compiled ? *compiled : Template();
    }
    Condition condition(std::string_view written) const {
        const std::vector<std::uint8_t> all(scenario.variables.size(), 1);
        TemplateScope scope;
        scope.variables = scenario.variables;
        scope.visible = all;
        auto compiled = Condition::compile(written, scope);
        EXPECT_TRUE(compiled.ok()) << written;
        return compiled ? *compiled : Condition();
    }
    /// Adds a step with an endpoint of its own.
    Step& step(const std::string& method, std::string_view path) {
        scenario.endpoints.push_back({"user", std::string(path), method});
        Step added = get("/", static_cast<EndpointId>(scenario.endpoints.size() - 1));
        added.method = method;
        added.path = text(path);
        return who().steps.emplace_back(std::move(added));
    }
    void capture(Step& from, VariableId variable, Selector::Kind kind, std::string_view where) {
        Capture capture;
        capture.variable = variable;
        capture.name = scenario.variables[variable];
        capture.selector = *Selector::compile(kind, where);
        from.captures.push_back(std::move(capture));
    }
    Check check(std::string name, Selector::Kind kind, std::string_view where, Check::Op op,
                std::string_view operand = {}) {
        Check made;
        made.id = static_cast<CheckId>(scenario.checks.size());
        made.selector = *Selector::compile(kind, where);
        made.op = op;
        made.operand = text(operand);
        made.written = operand;
        scenario.checks.push_back(std::move(name));
        return made;
    }
    Scenario scenario;
};

std::uint64_t requests_of(const Outcomes& outcomes) {
    return outcomes.last->merged_total().requests;
}

Op op(Op::Kind kind, std::uint32_t a = 0, std::uint32_t b = 0, std::uint32_t target = 0) {
    return {kind, a, b, target};
}

TEST(Flow, LogsEachUserInOnceAndOutAgainAndKeepsItsToken) {
    std::atomic<int> logins = 0;
    const ScriptedServer server([&](const std::string& request, int) -> Answer {
        if (request.starts_with("POST /login")) {
            return {created("{\"token\":\"t" + std::to_string(logins++) + "\"}")};
        }
        return {request.find("Authorization: Bearer t") != std::string::npos
                    ? ok_response()
                    : "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"};
    });
    Built built(server, per_user(3, 4), {"token"});
    built.capture(built.step("POST", "/login"), 0, Selector::Kind::JsonPointer, "/token");
    for (const auto& [method, path] : {std::pair{"GET", "/me"}, std::pair{"DELETE", "/session"}}) {
        built.step(method, path)
            .headers.push_back({"Authorization", built.text("Bearer ${token}")});
    }
    built.who().start.ops = {op(Op::Kind::Request, 0), op(Op::Kind::End)};
    built.who().flow.ops = {op(Op::Kind::Request, 1), op(Op::Kind::End)};
    built.who().stop.ops = {op(Op::Kind::Request, 2), op(Op::Kind::End)};
    built.who().kept = {0};
    const Outcomes outcomes = run(built.scenario, 2);
    EXPECT_EQ(outcomes.count(Outcome::Ok, 0), 3U);
    EXPECT_EQ(outcomes.count(Outcome::Ok, 1), 12U);
    EXPECT_EQ(outcomes.count(Outcome::Ok, 2), 3U);
    EXPECT_EQ(requests_of(outcomes), 18U);
    EXPECT_EQ(outcomes.last->total_counts.iterations_completed, 12U);
    EXPECT_EQ(outcomes.last->state.users, 0U);
}

TEST(Flow, ThinksAfterUserStartBeforeTheFirstIteration) {
    const ScriptedServer server([](const std::string&, int) -> Answer { return {ok_response()}; });
    Built built(server, per_user(1, 1), {});
    built.step("POST", "/login").think = Think{Think::Kind::Constant, 300ms, {}};
    built.step("GET", "/me");
    built.who().start.ops = {op(Op::Kind::Request, 0), op(Op::Kind::End)};
    built.who().flow.ops = {op(Op::Kind::Request, 1), op(Op::Kind::End)};
    const Outcomes outcomes = run(built.scenario);
    ASSERT_EQ(outcomes.count(Outcome::Ok, 1), 1U);
    // Sent before it was due, it would have waited less than the server took.
    const EndpointStats& stats = outcomes.last->total[1];
    EXPECT_GE(stats.response.min(), stats.service.min());
}

TEST(Flow, KeepsALoggedInUserForLaterArrivalsAndLogsItOutAtTheEnd) {
    const ScriptedServer server([](const std::string& request, int) -> Answer {
        return {request.starts_with("POST") ? created("{\"token\":\"t\"}") : ok_response()};
    });
    Built built(server, arrivals(100, 300ms, 1), {"token"});
    built.capture(built.step("POST", "/login"), 0, Selector::Kind::JsonPointer, "/token");
    built.step("GET", "/me?${token}");
    built.step("DELETE", "/session");
    built.who().start.ops = {op(Op::Kind::Request, 0), op(Op::Kind::End)};
    built.who().flow.ops = {op(Op::Kind::Request, 1), op(Op::Kind::End)};
    built.who().stop.ops = {op(Op::Kind::Request, 2), op(Op::Kind::End)};
    built.who().kept = {0};
    const Outcomes outcomes = run(built.scenario);
    EXPECT_EQ(outcomes.last->total[0].requests, 1U);
    EXPECT_EQ(outcomes.last->total[1].requests, outcomes.last->total_counts.iterations_started);
    EXPECT_GT(outcomes.last->total[1].requests, 1U);
    EXPECT_EQ(outcomes.last->total[2].requests, 1U);
}

/// Creates, polls until it runs, and deletes, with the id that came.
TEST(Flow, CreatesPollsAndDeletesWithTheCapturedId) {
    std::atomic<int> polls = 0;
    const ScriptedServer server([&](const std::string& request, int) -> Answer {
        if (request.starts_with("POST")) {
            return {created(R"({"id":"d-77"})")};
        }
        if (request.starts_with("GET")) {
            return {
                ok_response(++polls < 3 ? R"({"status":"pending"})" : R"({"status":"running"})")};
        }
        return {ok_response()};
    });
    Built built(server, per_user(1, 1), {"id"});
    built.capture(built.step("POST", "/deployments"), 0, Selector::Kind::JsonPointer, "/id");
    Step& poll = built.step("GET", "/deployments/${id}");
    poll.until.emplace();
    poll.until->conditions = {built.check("running", Selector::Kind::JsonPointer, "/status",
                                          Check::Op::Equals, "running")};
    poll.until->every = 20ms;
    built.step("DELETE", "/deployments/${id}");
    const Outcomes outcomes = run(built.scenario);
    std::vector<std::string> lines;
    for (const std::string& request : server.seen()) {
        lines.push_back(line_of(request));
    }
    EXPECT_THAT(lines,
                ElementsAre("POST /deployments", "GET /deployments/d-77", "GET /deployments/d-77",
                            "GET /deployments/d-77", "DELETE /deployments/d-77"));
    EXPECT_EQ(outcomes.last->merged_total().count(Outcome::Ok), 5U);
    // The second and third poll were due 20 ms after the one before ended, not at once.
    EXPECT_LT(outcomes.last->total[1].response.max(), 20s);
}

TEST(Flow, FailsAPollThatIsNeverMetAndSaysWhy) {
    const ScriptedServer server(
        [](const std::string&, int) -> Answer { return {ok_response(R"({"status":"pending"})")}; });
    Built built(server, per_user(1, 2), {});
    Step& poll = built.step("GET", "/status");
    poll.on_fail = OnFail::NextIteration;
    poll.until.emplace();
    poll.until->conditions = {built.check("running", Selector::Kind::JsonPointer, "/status",
                                          Check::Op::Equals, "running")};
    poll.until->every = 1ms;
    poll.until->max = 4;
    built.step("GET", "/never");
    const Outcomes outcomes = run(built.scenario);
    EXPECT_EQ(outcomes.last->total[0].requests, 8U);
    EXPECT_EQ(outcomes.count(Outcome::CheckFailed, 0), 2U);
    EXPECT_EQ(outcomes.last->total[1].requests, 0U);
    EXPECT_EQ(outcomes.last->total_counts.iterations_cut_short, 2U);
    EXPECT_EQ(outcomes.last->total_counts.iterations_completed, 0U);
    ASSERT_FALSE(outcomes.errors.empty());
    EXPECT_THAT(outcomes.errors.front().text, HasSubstr("until: not so after 4 polls: "));
    EXPECT_THAT(outcomes.errors.front().text, HasSubstr("pending"));
}

TEST(Flow, CountsEachCheckAndFailsTheRequestForTheFirstThatDoesNotHold) {
    const ScriptedServer server([](const std::string&, int) -> Answer {
        return {
            "HTTP/1.1 200 OK\r\nX-Version: 7\r\nContent-Length: 26\r\n\r\n"
            R"({"items":[1,2],"total":-2})"};
    });
    Built built(server, per_user(1, 3), {});
    using Kind = Selector::Kind;
    std::vector<Check> checks{
        built.check("items", Kind::JsonPointer, "/items", Check::Op::Type),
        built.check("version", Kind::Header, "X-Version", Check::Op::Equals, "7"),
        built.check("total", Kind::JsonPointer, "/total", Check::Op::GreaterOrEqual, "0"),
        built.check("word", Kind::Body, "", Check::Op::Contains, "items"),
        built.check("none", Kind::JsonPointer, "/none", Check::Op::Exists),
        built.check("size", Kind::StatusCode, "", Check::Op::Size),
        built.check("time", Kind::StatusCode, "", Check::Op::Time),
    };
    checks[0].type = ValueType::Json;
    checks[0].array = true;
    checks[5].low = 26;
    checks[5].high = 26;
    checks[6].high = 60e9;
    built.step("GET", "/").expect.checks = std::move(checks);
    const Outcomes outcomes = run(built.scenario);
    EXPECT_EQ(outcomes.count(Outcome::CheckFailed), 3U);
    const std::vector<CheckCount> expected{{3, 0}, {3, 0}, {0, 3}, {3, 0}, {0, 3}, {3, 0}, {3, 0}};
    EXPECT_EQ(outcomes.last->total_checks, expected);
    ASSERT_FALSE(outcomes.errors.empty());
    EXPECT_THAT(outcomes.errors.front().text, HasSubstr("total: "));
    EXPECT_THAT(outcomes.errors.front().text, HasSubstr("-2"));
}

TEST(Flow, FailsTheChecksOfARequestThatIsNotAnswered) {
    const ScriptedServer server([](const std::string&, int) -> Answer {
        Answer answer;
        answer.close = true;
        return answer;
    });
    Built built(server, per_user(1, 2), {});
    built.step("POST", "/").expect.checks = {
        built.check("any", Selector::Kind::Body, "", Check::Op::Exists)};
    const Outcomes outcomes = run(built.scenario);
    EXPECT_EQ(outcomes.last->total_checks, (std::vector<CheckCount>{{0, 2}}));
    EXPECT_EQ(outcomes.count(Outcome::ConnectReset), 2U);
}

TEST(Flow, NamesAMissingCaptureAndSendsNothingThatNeedsIt) {
    const ScriptedServer server(
        [](const std::string&, int) -> Answer { return {ok_response("{}")}; });
    Built built(server, per_user(1, 2), {"id"});
    built.capture(built.step("POST", "/things"), 0, Selector::Kind::JsonPointer, "/id");
    built.step("GET", "/things/${id}");
    built.step("GET", "/after");
    const Outcomes outcomes = run(built.scenario);
    EXPECT_EQ(outcomes.count(Outcome::CheckFailed, 0), 2U);
    EXPECT_EQ(requests_of(outcomes), 2U);
    EXPECT_EQ(outcomes.last->total_counts.steps_unrendered, 2U);
    EXPECT_EQ(outcomes.last->total_counts.iterations_cut_short, 2U);
    std::vector<std::string> texts;
    for (const ErrorSample& error : outcomes.errors) {
        texts.push_back(std::string(to_string(error.outcome)) + ": " + error.text);
    }
    EXPECT_THAT(texts, testing::Contains(HasSubstr("check_failed: capture id: ")));
    EXPECT_THAT(texts, testing::Contains("not_sent: not sent: id has no value"));
}

TEST(Flow, UnsetsWhatAnIterationSetBeforeTheNext) {
    std::atomic<int> posts = 0;
    const ScriptedServer server([&](const std::string& request, int) -> Answer {
        const bool first = request.starts_with("POST") && posts++ == 0;
        return {ok_response(first ? R"({"id":1})" : "{}")};
    });
    Built built(server, per_user(1, 2), {"id"});
    built.capture(built.step("POST", "/things"), 0, Selector::Kind::JsonPointer, "/id");
    built.step("GET", "/things/${id}");
    const Outcomes outcomes = run(built.scenario);
    EXPECT_EQ(outcomes.last->total[1].requests, 1U);
    EXPECT_EQ(outcomes.last->total_counts.steps_unrendered, 1U);
}

TEST(Flow, SendsParallelStepsOnSeveralConnectionsAndGoesOnAfterTheLast) {
    std::atomic<int> now = 0;
    std::atomic<int> most = 0;
    const ScriptedServer server([&](const std::string& request, int) -> Answer {
        if (request.starts_with("GET /after")) {
            EXPECT_EQ(now, 0);
            return {ok_response()};
        }
        int seen = ++now;
        int known = most;
        while (known < seen && !most.compare_exchange_weak(known, seen)) {
        }
        std::this_thread::sleep_for(50ms);
        --now;
        return {ok_response()};
    });
    Built built(server, per_user(1, 2), {});
    for (int i = 0; i < 6; ++i) {
        built.step("GET", "/part" + std::to_string(i));
    }
    built.step("GET", "/after");
    built.scenario.groups = {"page"};
    built.who().flow.ops = {op(Op::Kind::GroupBegin), op(Op::Kind::Parallel, 0, 6, 3),
                            op(Op::Kind::GroupEnd), op(Op::Kind::Request, 6), op(Op::Kind::End)};
    const Outcomes outcomes = run(built.scenario);
    EXPECT_EQ(outcomes.last->merged_total().count(Outcome::Ok), 14U);
    EXPECT_EQ(most, 3);
    EXPECT_EQ(server.connections(), 4U);  // and the one that found the target reachable
    EXPECT_TRUE(line_of(server.seen().back()).starts_with("GET /after"));
    // Two rounds of three.
    EXPECT_EQ(outcomes.last->total_groups[0].count, 2U);
    EXPECT_GE(outcomes.last->total_groups[0].duration.min(), 100ms);
    // What had to wait for a connection was due when it was free, so it is not late.
    EXPECT_LT(outcomes.last->total[5].response.min(),
              outcomes.last->total_groups[0].duration.min());
}

TEST(Flow, TimesAGroupFromItsFirstStepsDueTimeToItsLastOnesEnd) {
    const ScriptedServer server([](const std::string& request, int) -> Answer {
        return {ok_response(), request.starts_with("GET /slow") ? 60ms : 0ms};
    });
    Built built(server, per_user(1, 3), {});
    built.step("GET", "/before").think = Think{Think::Kind::Constant, 30ms, {}};
    built.step("GET", "/slow1").think = Think{Think::Kind::Constant, 40ms, {}};
    built.step("GET", "/slow2").think = Think{Think::Kind::Constant, 500ms, {}};
    built.scenario.groups = {"both"};
    built.who().flow.ops = {op(Op::Kind::Request, 0), op(Op::Kind::GroupBegin),
                            op(Op::Kind::Request, 1), op(Op::Kind::Request, 2),
                            op(Op::Kind::GroupEnd),   op(Op::Kind::End)};
    const Outcomes outcomes = run(built.scenario);
    const GroupStats& group = outcomes.last->total_groups[0];
    EXPECT_EQ(group.count, 3U);
    EXPECT_EQ(group.failed, 0U);
    EXPECT_GE(group.duration.min(), 160ms);  // 60 + 40 + 60
    // Its parts make it up: neither the think time before it nor the one after it is in it.
    const Nanoseconds parts =
        outcomes.last->total[1].response.sum() + outcomes.last->total[2].response.sum() + 3 * 40ms;
    EXPECT_NEAR(to_seconds(group.duration.sum()), to_seconds(parts), 1e-3);
    EXPECT_EQ(requests_of(outcomes), 9U);
}

TEST(Flow, EndsWhenUniqueDataIsUsedUpAndSaysSoOnce) {
    const ScriptedServer server([](const std::string&, int) -> Answer { return {ok_response()}; });
    Built built(server, users(2, 60s), {});
    built.scenario.data = {std::make_shared<Rows>("accounts", DataPick::Unique, 5)};
    built.step("GET", "/${accounts.value}");
    std::mutex mutex;
    std::vector<std::string> notes;
    EngineOptions options;
    options.on_note = [&](std::string text) {
        const std::lock_guard lock(mutex);
        notes.push_back(std::move(text));
    };
    const auto began = Clock::now();
    const Outcomes outcomes = run(built.scenario, 2, options);
    EXPECT_LT(Clock::now() - began, 50s);  // not at the end of its 60 s
    std::set<std::string> paths;
    for (const std::string& request : server.seen()) {
        paths.insert(line_of(request));
    }
    EXPECT_THAT(paths, ElementsAre("GET /r0", "GET /r1", "GET /r2", "GET /r3", "GET /r4"));
    EXPECT_EQ(requests_of(outcomes), 5U);
    EXPECT_EQ(outcomes.last->total_counts.out_of_data, 2U);
    EXPECT_EQ(outcomes.last->total_counts.users_stopped, 2U);
    EXPECT_THAT(notes, ElementsAre("accounts: all 5 rows are used; users that need one stop"));
}

/// The requests of a scenario with every kind of draw in it.
std::multiset<std::string> drawn_with(std::uint32_t shards, Executor executor) {
    const ScriptedServer server([](const std::string&, int) -> Answer { return {ok_response()}; });
    Built built(server, std::move(executor), {"n"});
    built.scenario.data = {std::make_shared<Rows>("a", DataPick::Sequential, 7),
                           std::make_shared<Rows>("b", DataPick::Random, 1000)};
    built.step("GET", "/${a.value}/${b.value}/${n}/${uuid()}");
    built.step("GET", "/left/${iteration}");
    built.step("GET", "/right/${random_int(1,1000000)}");
    Flow& flow = built.who().flow;
    flow.templates = {built.text("${random_int(1,1000000)}")};
    flow.choices = {{1, 3}, {2, 5}};
    flow.ops = {op(Op::Kind::Set, 0, 0),  op(Op::Kind::Request, 0),    op(Op::Kind::Choose, 0, 2),
                op(Op::Kind::Request, 1), op(Op::Kind::Jump, 0, 0, 6), op(Op::Kind::Request, 2),
                op(Op::Kind::End)};
    EXPECT_EQ(run(built.scenario, shards).last->merged_total().failed, 0U);
    std::multiset<std::string> lines;
    for (const std::string& request : server.seen()) {
        lines.insert(line_of(request));
    }
    return lines;
}

TEST(Flow, SendsTheSameRequestsOnOneShardAndOnTwo) {
    const auto looping = drawn_with(1, per_user(5, 6));
    EXPECT_EQ(looping.size(), 60U);
    EXPECT_EQ(looping, drawn_with(2, per_user(5, 6)));
    const auto arriving = drawn_with(1, arrivals(200, 200ms));
    EXPECT_EQ(arriving.size(), 80U);
    EXPECT_EQ(arriving, drawn_with(2, arrivals(200, 200ms)));
}

TEST(Flow, GoesByConditionsOnWhatItCaptured) {
    const ScriptedServer server([](const std::string& request, int) -> Answer {
        return {ok_response(request.starts_with("GET /who") ? R"({"role":"admin"})" : "")};
    });
    Built built(server, per_user(1, 1), {"role"});
    built.capture(built.step("GET", "/who"), 0, Selector::Kind::JsonPointer, "/role");
    built.step("GET", "/admin");
    built.step("GET", "/guest");
    Flow& flow = built.who().flow;
    flow.conditions = {built.condition("${role} == admin"), built.condition("${role} == guest")};
    flow.ops = {op(Op::Kind::Request, 0), op(Op::Kind::JumpUnless, 0, 0, 3),
                op(Op::Kind::Request, 1), op(Op::Kind::JumpUnless, 1, 0, 5),
                op(Op::Kind::Request, 2), op(Op::Kind::End)};
    const Outcomes outcomes = run(built.scenario);
    EXPECT_EQ(outcomes.last->total[1].requests, 1U);
    EXPECT_EQ(outcomes.last->total[2].requests, 0U);
}

TEST(Flow, StopsAUserWhoseStartFails) {
    const ScriptedServer server([](const std::string& request, int) -> Answer {
        return {request.starts_with("POST")
                    ? "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
                    : ok_response()};
    });
    Built built(server, users(3, 60s), {});
    built.step("POST", "/login");
    built.step("GET", "/");
    built.step("DELETE", "/session");
    built.who().start.ops = {op(Op::Kind::Request, 0), op(Op::Kind::End)};
    built.who().flow.ops = {op(Op::Kind::Request, 1), op(Op::Kind::End)};
    built.who().stop.ops = {op(Op::Kind::Request, 2), op(Op::Kind::End)};
    const Outcomes outcomes = run(built.scenario, 2);
    EXPECT_EQ(outcomes.count(Outcome::Http5xx, 0), 3U);
    EXPECT_EQ(requests_of(outcomes), 3U);  // no iteration, and nothing to log out
    EXPECT_EQ(outcomes.last->total_counts.starts_failed, 3U);
}

TEST(Flow, EndsTheIterationTheUserOrTheRunAsTheStepSays) {
    const ScriptedServer server([](const std::string& request, int) -> Answer {
        return {request.starts_with("GET /bad")
                    ? "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops"
                    : ok_response()};
    });
    const auto with = [&](OnFail on_fail, std::string* reason) {
        Built built(server, per_user(1, 3), {});
        built.step("GET", "/bad").on_fail = on_fail;
        built.step("GET", "/good");
        EngineOptions options;
        options.on_abort = [reason](std::string why) { *reason = std::move(why); };
        return run(built.scenario, 1, options).last;
    };
    std::string reason;
    EXPECT_EQ(with(OnFail::Continue, &reason)->total[1].requests, 3U);
    const SnapshotPtr next = with(OnFail::NextIteration, &reason);
    EXPECT_EQ(next->total[0].requests, 3U);
    EXPECT_EQ(next->total[1].requests, 0U);
    const SnapshotPtr stopped = with(OnFail::StopUser, &reason);
    EXPECT_EQ(stopped->total[0].requests, 1U);
    EXPECT_EQ(stopped->total_counts.users_stopped, 1U);
    EXPECT_EQ(reason, "");
    EXPECT_EQ(with(OnFail::AbortRun, &reason)->total[0].requests, 1U);
    EXPECT_EQ(reason, "/bad of user: http_5xx: oops");
}

TEST(Flow, PausesLongerAndLongerWhereNoConnectionStands) {
    std::string url;
    {
        const ScriptedServer gone([](const std::string&, int) -> Answer { return {}; });
        url = gone.url();
    }
    // prepare() wants a target that answers, so one does until the users have begun.
    auto server = std::make_unique<ScriptedServer>([](const std::string&, int) -> Answer {
        return {ok_response(), 0ms, true};
    });
    Scenario scenario = scenario_for(server->url(), users(1, 1200ms));
    const Outcomes outcomes = run(scenario, 1, EngineOptions(), [&](Engine&) { server.reset(); });
    // 10 + 20 + 40 + ... + 640 ms pass the 1.2 s: at most eight refusals fit in.
    EXPECT_LE(outcomes.count(Outcome::ConnectRefused), 8U);
    EXPECT_GE(outcomes.count(Outcome::ConnectRefused), 2U);
    EXPECT_EQ(outcomes.last->merged_total().send_lag.count(), requests_of(outcomes));
}

TEST(Flow, KeepsAFixedPeriodBetweenIterations) {
    const ScriptedServer server([](const std::string&, int) -> Answer { return {ok_response()}; });
    Built built(server, per_user(1, 4), {});
    built.step("GET", "/");
    built.who().pacing = 60ms;
    const auto began = Clock::now();
    const Outcomes outcomes = run(built.scenario);
    EXPECT_GE(Clock::now() - began, 180ms);  // from the first of four to the last
    EXPECT_EQ(requests_of(outcomes), 4U);
}

TEST(SingleRun, GivesOutWhatItsFlowMadeAndEndsAtItsFirstFailure) {
    const ScriptedServer server([](const std::string& request, int) -> Answer {
        return {request.starts_with("GET /bad") ? "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"
                                                : ok_response(R"({"token":"s3"})")};
    });
    Built built(server, users(1, 1s), {"token"});
    built.capture(built.step("GET", "/token"), 0, Selector::Kind::JsonPointer, "/token");
    const auto good = run_single(built.scenario, built.who(), {}, {});
    ASSERT_TRUE(good.ok());
    EXPECT_TRUE(good->ok) << good->failure;
    EXPECT_EQ(good->variables[0].text, "s3");
    built.step("GET", "/bad");
    built.step("GET", "/after");
    const auto bad = run_single(built.scenario, built.who(), {}, {});
    ASSERT_TRUE(bad.ok());
    EXPECT_FALSE(bad->ok);
    EXPECT_THAT(bad->failure, testing::StartsWith("GET /bad: 404 http_4xx in "));
    EXPECT_EQ(bad->requests.size(), 2U);
}

TEST(SingleRun, ShowsEveryUserWhatSetupMade) {
    const ScriptedServer server([](const std::string&, int) -> Answer { return {ok_response()}; });
    Built built(server, per_user(2, 1), {"token"});
    built.step("GET", "/${token}");
    EngineOptions options;
    options.shared = {{ValueType::Text, "shared"}};
    EXPECT_EQ(run(built.scenario, 1, options).last->merged_total().failed, 0U);
    for (const std::string& request : server.seen()) {
        EXPECT_EQ(line_of(request), "GET /shared");
    }
    EXPECT_EQ(server.requests(), 2U);
}

}  // namespace
}  // namespace plimsoll
