// k6 scripts and locustfiles: what comes out, and that nothing that goes in does harm.
#include "import/import.hpp"
#include "scenario/parse.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kHead =
    "import http from 'k6/http';\nimport { check, sleep, group, fail } from 'k6';\n";

// The text is a scenario: its own parser says so, with every variable without a default set.
std::string scenario_of(const Result<Imported>& imported) {
    if (!imported) {
        ADD_FAILURE() << imported.error().to_string();
        return {};
    }
    const auto environment = [](const char* name) -> const char* {
        const std::string_view word(name);
        return word == "PASSWORD" || word == "LOCUST_HOST" || word == "API_TOKEN"
                   ? "http://127.0.0.1:1"
                   : nullptr;
    };
    const ParseOutcome parsed = parse_scenario(imported->text, {"s.yaml", environment});
    EXPECT_TRUE(parsed.scenario.has_value())
        << format_faults(parsed.faults, "s.yaml") << imported->text;
    return imported->text;
}
std::string k6(const std::string& body) {
    return scenario_of(import_k6(kHead + body, {}));
}

TEST(ImportK6, KeepsTheLoadTheRequestsAndWhatIsChecked) {
    const std::string text = k6(R"(
const BASE = __ENV.BASE || 'http://127.0.0.1:8080';
export const options = {scenarios: {a: {executor: 'constant-arrival-rate', rate: 90, timeUnit: '1m',
  duration: '30s', preAllocatedVUs: 5, maxVUs: 20, exec: 'buy', startTime: '5s'}},
  thresholds: {http_req_failed: ['rate<0.01'], http_req_duration: [{threshold: 'p(95)<200',
  abortOnFail: true, delayAbortEval: '10s'}]}};
export function buy() {
  const res = http.post(`${BASE}/orders`, JSON.stringify({item: 5, tags: ['a']}),
    {headers: {'Content-Type': 'application/json'}, tags: {name: 'order'}});
  check(res, {made: (r) => r.status === 201, id: (r) => r.json('id') !== undefined,
    text: (r) => r.body.includes('ok'), fast: (r) => r.timings.duration < 250});
  http.get(BASE + '/orders/' + res.json('id'));
  sleep(1.5);
})");
    for (const char* const part :
         {"target: ${env.BASE:-http://127.0.0.1:8080}", "rate: 90/m", "max_vus: 20",
          "start_time: 5s", "- post: /orders\n        name: order\n", "item: 5", "status: 201",
          "/id: {exists: true}", "body: {contains: \"ok\"}", "duration: 250ms",
          "id: {json: \"/id\"}", "- get: /orders/${id}\n        name: /orders/{id}\n",
          "think: 1500ms", "\"rate<0.01\"", "\"p(95)<200ms\"", "delay_abort: 10s"}) {
        EXPECT_THAT(text, HasSubstr(part));
    }
}

TEST(ImportK6, DrawsAValueThatIsUsedTwiceOnce) {
    const std::string text = k6(R"(export default function () {
  const n = Math.floor(Math.random() * 10) + 1;
  http.get(`http://127.0.0.1/a/${n}`); http.get(`http://127.0.0.1/b/${n}`); })");
    EXPECT_THAT(text, HasSubstr("\"n\": \"${random_int(0, 9) + 1}\""));
    EXPECT_THAT(text, HasSubstr("get: /a/${n}"));
    EXPECT_THAT(text, HasSubstr("get: /b/${n}"));
}

TEST(ImportK6, NeverSendsWhatTheScriptMightNot) {
    const auto imported = import_k6(std::string(kHead) + R"(export default function () {
  http.get('http://127.0.0.1/always');
  if (isWanted()) {
    http.del('http://127.0.0.1/never');
  }
  http.get(compute());
  http.get('http://127.0.0.1/p', unknownParams);
})",
                                    {});
    const std::string text = scenario_of(imported);
    EXPECT_THAT(text, Not(HasSubstr("delete:")));
    EXPECT_EQ(imported->steps, 1U);
    EXPECT_THAT(text, HasSubstr("# line 5: left out: if isWanted(), with 1 request"));
    EXPECT_THAT(text, HasSubstr("# line 8: left out: 1 request whose URL is not known"));
    EXPECT_THAT(text, HasSubstr("# line 9: left out: 1 request whose parameters are not known"));
}

TEST(ImportK6, BranchesOnWhatAResponseSays) {
    const std::string text = k6(R"(export default function () {
  const res = http.get('http://127.0.0.1/a');
  if (res.json('kind') === 'x') { http.get('http://127.0.0.1/x'); }
  else { http.get('http://127.0.0.1/y'); }
  if (res.status !== 200) { console.log('no'); return; }
  http.get('http://127.0.0.1/z');
})");
    EXPECT_THAT(text, HasSubstr("if: \"${kind} == x\""));
    EXPECT_THAT(text, HasSubstr("on_fail: next_iteration"));
    EXPECT_THAT(text, HasSubstr("get: /z"));
}

TEST(ImportK6, WritesNoBranchTwiceWhereSeveralConditionsDecide) {
    std::string nested = "http.get('http://127.0.0.1/end');";
    for (int n = 0; n < 8; ++n) {
        nested =
            "if (r.json('a') == 'b' && r.json('c') == 'd') { http.get('http://127.0.0.1/q'); } "
            "else {" +
            nested + "}";
    }
    const auto imported = import_k6(std::string(kHead) + "export default function () {" +
                                        "const r = http.get('http://127.0.0.1/');" + nested + "}",
                                    {});
    static_cast<void>(scenario_of(imported));
    EXPECT_EQ(imported->steps, 10U);
}

TEST(ImportK6, KeepsCredentialsOut) {
    const std::string text = k6(R"(export default function () {
  http.post('http://ann:hunter2-password@127.0.0.1/l', {password: 'hunter2-password'},
    {headers: {Authorization: 'Bearer hunter2-token-123456'}}); })");
    EXPECT_THAT(text, Not(HasSubstr("hunter2")));
}

TEST(ImportK6, SaysWhereTheGrammarIsBroken) {
    const auto imported = import_k6("const a = 1;\nexport default function ( {\n", {});
    ASSERT_FALSE(imported);
    EXPECT_THAT(imported.error().what, HasSubstr("line 3, column 1: "));
}

TEST(ImportK6, SurvivesScriptsThatNestLoopOrGrowWithoutEnd) {
    const std::string deep(100'000, '(');
    const std::string lists(100'000, '[');
    std::string chain = "x = 1";
    for (int n = 0; n < 20'000; ++n) {
        chain += "+a";
    }
    for (const std::string& body :
         {deep, lists, chain, std::string("f(`${`${`${"),
          std::string("let s='x'; while(true){s=s+s;}"),
          std::string("function f(){f();f();} export default f"),
          std::string("let a={}; a.b=a; JSON.stringify(a); let l=[]; l.push(l);"),
          std::string(
              "let a={}; for(let i=0;i<50;i++)for(let j=0;j<50;j++)for(let k=0;k<50;k++)a={x:a};"),
          std::string("let a=[1]; for(let i=0;i<50;i++){a=[...a,...a];}"),
          std::string(
              "let a='x'; for(let i=0;i<50;i++)for(let j=0;j<50;j++)a=JSON.stringify(a);")}) {
        const auto imported = import_k6(
            kHead + body + "\nexport default function () { http.get('http://127.0.0.1/'); }", {});
        if (imported) {
            static_cast<void>(scenario_of(imported));
        }
    }
}

TEST(ImportK6, SurvivesDamage) {
    const std::string whole = std::string(kHead) + R"(
export const options = {stages: [{duration: '10s', target: 5}], thresholds: {checks: ['rate>0.9']}};
export default function () {
  group('g', () => { const r = http.get(`http://127.0.0.1/${__VU}?a=${Math.random()}`);
    check(r, {'x': (r) => r.status == 200 && r.json().a[0].b > 3 || false}); });
  for (let i = 0; i < 3; i++) { http.del('http://127.0.0.1/' + i); }
  if (r.x) { sleep(1); } else { fail('x'); } try { a(); } catch (e) { b(); }
})";
    std::mt19937 random(7);
    constexpr std::string_view kBytes = "(){}[]`'\"$/\\=>.,;:+-!?0aZ\n\x80";
    for (int round = 0; round < 500; ++round) {
        std::string text = whole;
        for (unsigned n = 0; n <= random() % 4; ++n) {
            const std::size_t at = random() % text.size();
            switch (random() % 3) {
                case 0:
                    text[at] = kBytes[random() % kBytes.size()];
                    break;
                case 1:
                    text.erase(at, random() % 20);
                    break;
                default:
                    text.insert(at, whole.substr(random() % whole.size(), random() % 30));
            }
            if (text.empty()) {
                text = whole;
            }
        }
        const auto imported = import_k6(text, {});
        const auto environment = [](const char*) -> const char* { return "http://127.0.0.1:1"; };
        EXPECT_TRUE(!imported || parse_scenario(imported->text, {"s.yaml", environment}).scenario);
        EXPECT_TRUE(imported || !imported.error().what.starts_with("came to")) << text;
    }
}

constexpr const char* kLocustHead =
    "import random, os, uuid\nfrom locust import HttpUser, TaskSet, SequentialTaskSet, "
    "LoadTestShape, "
    "task, between, constant_pacing\n";
std::string locust(const std::string& body) {
    return scenario_of(import_locust(kLocustHead + body, {}));
}

TEST(ImportLocust, KeepsUsersTasksWeightsAndPauses) {
    const std::string text = locust(R"(
class Shopper(HttpUser):
    host = "http://127.0.0.1:8080"
    wait_time = between(1, 2.5)
    weight = 3
    def on_start(self):
        got = self.client.post("/login", json={"user": "ann", "password": "hunter2-password"})
        self.token = got.json()["token"]
        self.client.headers.update({"X-Token": self.token})
    @task(4)
    def read(self):
        self.client.get("/items/%d" % random.randint(1, 9), name="/items/[id]", params={"q": "a b"})
    @task
    def buy(self):
        with self.client.post("/orders", data={"n": 2}, catch_response=True) as response:
            if response.status_code != 201:
                response.failure("no")
class Other(HttpUser):
    wait_time = constant_pacing(5)
    @task
    def one(self):
        self.client.get(f"/o/{uuid.uuid4()}")
)");
    for (const char* const part :
         {"weight: 3", "user_start:\n      - post: /login", "token: {json: \"/token\"}",
          "X-Token: \"${token}\"", "- weight: 4\n", "get: /items/${random_int(1, 9)}", "q: \"a b\"",
          "/items/[id]", "\"n\": \"2\"", "expect: {status: 201}", "think: {uniform: [1s, 2500ms]}",
          "pacing: 5s", "/o/${uuid()}\n        name: /o/{id}\n"}) {
        EXPECT_THAT(text, HasSubstr(part));
    }
    EXPECT_THAT(text, Not(HasSubstr("hunter2")));
}

TEST(ImportLocust, RunsASequenceInOrderAndAShapeAsStages) {
    const std::string text = locust(R"(
class Steps(SequentialTaskSet):
    @task
    def first(self):
        self.client.get("/1")
    @task
    def second(self):
        for _ in range(3):
            self.client.delete("/2")
class User(HttpUser):
    host = "http://127.0.0.1"
    tasks = [Steps]
class Shape(LoadTestShape):
    stages = [{"duration": 60, "users": 10, "spawn_rate": 10}, {"duration": 100, "users": 50, "spawn_rate": 10}]
    def tick(self):
        return None
)");
    EXPECT_LT(text.find("get: /1"), text.find("delete: /2"));
    EXPECT_THAT(text, HasSubstr("- repeat: 3\n"));
    // 10 users at 10/s take 1 s of the 60, 40 more 4 s of the 40 that follow.
    EXPECT_THAT(
        text, HasSubstr("{duration: 1s, target: 10}\n      - {duration: 59s, target: 10}\n"
                        "      - {duration: 4s, target: 50}\n      - {duration: 36s, target: 50}"));
}

TEST(ImportLocust, SaysWhereTheGrammarIsBroken) {
    const auto imported = import_locust("class A:\n  def f(:\n", {});
    ASSERT_FALSE(imported);
    EXPECT_THAT(imported.error().what, HasSubstr("line 2, column "));
}

TEST(ImportLocust, NeverRunsTheFile) {
    const auto imported = import_locust(std::string(kLocustHead) + "raise SystemExit(3)\n", {});
    ASSERT_FALSE(imported);
    EXPECT_THAT(imported.error().what, HasSubstr("holds no request that could be read"));
}

TEST(ImportLocust, SurvivesNesting) {
    const auto imported = import_locust("a = " + std::string(5'000, '(') + "\n", {});
    EXPECT_FALSE(imported);
    const auto sum = [] {
        std::string text = "a = 1";
        for (int n = 0; n < 5'000; ++n) {
            text += " + 1";
        }
        return text;
    }();
    EXPECT_FALSE(import_locust(sum, {}));
}

}  // namespace
}  // namespace plimsoll
