#include "alerts/rule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

RuleSet parsed(const std::string& text) {
    auto rules = parse_rules(text, "r.yml");
    EXPECT_TRUE(rules.ok()) << (rules.ok() ? "" : rules.error().to_string());
    return rules.ok() ? *std::move(rules) : RuleSet{};
}

TEST(RuleFile, HasGroupsOfBothKindsOfRules) {
    const RuleSet rules = parsed(R"(
groups:
  - name: g
    interval: 30s
    rules:
      - record: a:b
        expr: sum(c)
      - alert: Slow
        expr: a:b > 1
        for: 1m
        keep_firing_for: 5m
        labels: {severity: page}
        annotations: {summary: "{{ $value }}"}
)");
    ASSERT_EQ(rules.groups.size(), 1U);
    const RuleGroup& group = rules.groups[0];
    EXPECT_EQ(group.interval, 30s);
    ASSERT_EQ(group.rules.size(), 2U);
    EXPECT_EQ(group.rules[0].kind, Rule::Kind::Recording);
    EXPECT_EQ(group.rules[1].hold, 1min);
    EXPECT_EQ(group.rules[1].keep_firing, 5min);
    EXPECT_EQ(group.rules[1].labels, (RuleLabels{{"severity", "page"}}));
    EXPECT_THAT(rules.prometheus_files, ElementsAre("r.yml"));
}

TEST(RuleFile, NamesEveryFaultWithItsPlace) {
    const auto rules = parse_rules(R"(groups:
  - name: g
    rules:
      - alert: A
        exprs: up == 0
      - record: b
        expr: up{
        for: 5
)",
                                   "r.yml");
    ASSERT_FALSE(rules.ok());
    EXPECT_THAT(rules.error().what,
                HasSubstr("r.yml:5:9: unknown key \"exprs\", did you mean expr?"));
    EXPECT_THAT(rules.error().what, HasSubstr("A: `expr` is missing"));
    EXPECT_THAT(rules.error().what, HasSubstr("r.yml:8:14: for: must be a duration"));
    EXPECT_THAT(rules.error().what, HasSubstr("the labels of up do not end"));
}

TEST(RuleFile, RefusesWhatIsNone) {
    EXPECT_THAT(parse_rules("a: 1\n", "r.yml").error().what, HasSubstr("must be a rule file"));
    EXPECT_FALSE(parse_rules("groups: [", "r.yml").ok());
    EXPECT_FALSE(load_rules({"/nonexistent/*.yml"}).ok());
    EXPECT_FALSE(load_rules({"/nonexistent.yml"}).ok());
}

constexpr const char* kGrafana = R"(
apiVersion: 1
groups:
  - orgId: 1
    name: shop
    folder: f
    interval: 15s
    rules:
      - uid: a
        title: Pool full
        condition: C
        for: 30s
        labels: {severity: page}
        data:
          - refId: A
            relativeTimeRange: {from: 60, to: 0}
            datasourceUid: prom
            model: {expr: pool_used / pool_size, instant: true, refId: A}
          - refId: B
            datasourceUid: __expr__
            model: {type: reduce, expression: A, reducer: last, refId: B}
          - refId: C
            datasourceUid: __expr__
            model: {type: threshold, expression: B, refId: C, conditions: [{evaluator: {type: gt, params: [0.9]}}]}
      - title: Slow on average
        condition: B
        data:
          - refId: A
            relativeTimeRange: {from: 300, to: 0}
            datasourceUid: prom
            model: {expr: latency, range: true, instant: false, intervalMs: 30000}
          - refId: M
            datasourceUid: __expr__
            model: {type: reduce, expression: A, reducer: mean}
          - refId: B
            datasourceUid: __expr__
            model: {type: math, expression: "$M > 0.5 && ${M} < 10"}
      - title: Old kind
        condition: B
        data:
          - {refId: A, relativeTimeRange: {from: 60, to: 0}, datasourceUid: prom, model: {expr: q}}
          - refId: B
            datasourceUid: "-100"
            model:
              type: classic_conditions
              conditions:
                - {evaluator: {type: gt, params: [3]}, operator: {type: and}, query: {params: [A]}, reducer: {type: max}}
      - title: Logs
        condition: A
        data:
          - {refId: A, datasourceUid: loki, model: {expr: "", query: x}}
)";

TEST(RuleFile, TakesGrafanasRulesAsFarAsTheyArePromQl) {
    const RuleSet rules = parsed(kGrafana);
    ASSERT_EQ(rules.groups.size(), 1U);
    const RuleGroup& group = rules.groups[0];
    EXPECT_TRUE(group.grafana);
    EXPECT_EQ(group.interval, 15s);
    ASSERT_EQ(group.rules.size(), 3U);
    EXPECT_EQ(group.rules[0].name, "Pool full");
    EXPECT_EQ(group.rules[0].hold, 30s);
    EXPECT_EQ(group.rules[0].expression, "(pool_used / pool_size) > 0.9");
    EXPECT_EQ(group.rules[1].expression,
              "(avg_over_time((latency)[300s:30000ms])) > 0.5  and  "
              "(avg_over_time((latency)[300s:30000ms])) < 10");
    EXPECT_EQ(group.rules[2].expression, "group((max_over_time((q)[60s:15000ms])) > 3)");
    ASSERT_EQ(rules.left_out.size(), 1U);
    EXPECT_THAT(rules.left_out[0], HasSubstr("Logs is left out: its query A is no PromQL"));
    EXPECT_THAT(rules.prometheus_files, IsEmpty());
}

}  // namespace
}  // namespace plimsoll
