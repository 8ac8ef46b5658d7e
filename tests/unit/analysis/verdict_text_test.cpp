#include "analysis/verdict_text.hpp"

#include "synthetic_analysis.hpp"

#include <sstream>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

Analysis broken() {
    Analysis a;
    a.requests = 15758;
    a.failed = 3458;
    a.duration_s = 63;
    a.checks = {{"send_lag_p99", true, false, 0.00015, 0.001, ""},
                {"generator_cpu", true, true, 0.34, 0.8, ""}};
    a.breaking_point = {true, 28.4, 250.1, {234.8, 274.4}, "requests waited"};
    a.highest_offered = 500;
    Finding finding;
    finding.cause = "app_pool_exhausted";
    finding.confidence = "high";
    finding.onset_s = 23.5;
    finding.evidence = {"all five were busy"};
    finding.against = {"something else"};
    finding.missing = {"canary select_1"};
    finding.fix = "Set the pool to 17. Run again to confirm.";
    a.findings = {finding};
    return a;
}

TEST(VerdictText, SaysWhatBrokeWhereAndWhatToChange) {
    RunInfo info;
    info.target = "http://127.0.0.1:8080";
    EXPECT_EQ(verdict_text(broken(), info), R"(Measurement: VALID
  15758 requests to http://127.0.0.1:8080 in 63 s, 3458 failed, 0 due but not
  sent; 99 % were sent within 150 µs of their due time; the busiest generator
  thread used 34 % of a core.

It broke at 250/s, 28 s into the run (between 235/s and 274/s).
  From then on requests waited.

What gave way first: the application's database connection pool (high
confidence, since 24 s).
  + all five were busy
  - something else
  ? not measured: canary select_1
  → Set the pool to 17. Run again to confirm.
)");
}

TEST(VerdictText, SaysThatItRecoveredAndWhen) {
    Analysis a = broken();
    a.breaking_point.recovered_s = 41.2;
    a.breaking_point.healed = {{50, 58, 400}};
    const std::string text = verdict_text(a, {});
    EXPECT_NE(
        text.find(
            "It broke at 250/s, 28 s into the run (between 235/s and 274/s), and recovered at\n"
            "41 s, under as much load.\n"
            "  Meanwhile requests waited.\n"
            "  It slowed down from 50 to 58 s as well, at 400/s, and recovered.\n"
            "  Nothing else broke up to 500/s, the highest load tried.\n"),
        std::string::npos)
        << text;
    a.breaking_point.recovered_s.reset();
    a.breaking_point.healed = {{5, 13, 60}};
    const std::string later = verdict_text(a, {});
    EXPECT_NE(later.find("It broke at 250/s, 28 s into the run (between 235/s and 274/s).\n"
                         "  From then on requests waited.\n"
                         "  It had slowed down from 5 to 13 s as well, at 60/s, and recovered.\n"),
              std::string::npos)
        << later;
}

TEST(VerdictText, SaysThatNothingBroke) {
    Analysis a = broken();
    a.breaking_point = {};
    a.findings.clear();
    EXPECT_NE(verdict_text(a, {}).find("\nNothing broke up to 500/s, the highest load tried.\n"),
              std::string::npos);
    a.open_model = false;
    a.highest_offered = 50;
    EXPECT_NE(verdict_text(a, {}).find("Nothing broke up to 50 users"), std::string::npos);
}

TEST(VerdictText, DoesNotPraiseATargetThatFailedEveryRequest) {
    Analysis a = broken();
    a.breaking_point = {};
    a.findings.clear();
    a.failed = a.requests;
    const std::string text = verdict_text(a, {});
    EXPECT_EQ(text.find("Nothing broke"), std::string::npos);
    EXPECT_NE(text.find("\nNo answer about the target: every request failed."), std::string::npos);
}

TEST(VerdictText, SaysNothingAgainstTheTargetOfAnInvalidRun) {
    synthetic::Options options;
    options.generator_limit = 200;
    options.generator_cpu = 0.97;
    const Analysed run = analysed(options);
    const std::string text = verdict_text(run.analysis, run.info);
    EXPECT_TRUE(text.starts_with("Measurement: INVALID\n")) << text;
    EXPECT_NE(text.find("Breaking point: not judged, the generator was the limit.\n"),
              std::string::npos);
    EXPECT_NE(text.find("What limited the run: the load generator itself"), std::string::npos);
    EXPECT_EQ(text.find("gave way"), std::string::npos);
    EXPECT_NE(text.find("  ✗ "), std::string::npos);
}

TEST(VerdictText, AdmitsWhatItDoesNotKnow) {
    synthetic::Options options;
    options.database_probe = options.canaries = options.processes = false;
    const Analysed run = analysed(options);
    EXPECT_NE(
        verdict_text(run.analysis, run.info)
            .find("What gave way first: unknown. What was measured does not show it, so nothing "
                  "is\nguessed.\n"),
        std::string::npos);
}

TEST(VerdictText, FitsATerminalOf100Columns) {
    synthetic::Options options;
    options.pool_timeout_s = 2;
    const Analysed run = analysed(options);
    std::istringstream lines(verdict_text(run.analysis, run.info));
    for (std::string line; std::getline(lines, line);) {
        const auto columns = std::count_if(line.begin(), line.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
        });
        EXPECT_LE(columns, 100) << line;
    }
}

TEST(CauseInWords, KnowsEveryPublicCause) {
    for (const char* cause : {"app_pool_exhausted",
                              "max_connections",
                              "pgbouncer_pool",
                              "connection_leak",
                              "idle_in_transaction",
                              "lock_contention",
                              "database_cpu",
                              "slow_sql",
                              "database_io",
                              "app_cpu_throttled",
                              "app_cpu",
                              "event_loop_blocked",
                              "gc_pause",
                              "password_hashing",
                              "memory",
                              "accept_queue",
                              "ephemeral_ports",
                              "rate_limited",
                              "network",
                              "generator"}) {
        EXPECT_NE(cause_in_words(cause), cause);
    }
    EXPECT_EQ(cause_in_words("something_new"), "something_new");
}

}  // namespace
}  // namespace plimsoll
