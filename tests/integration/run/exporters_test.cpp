// What an exporter that nobody but its own folder knows gets of a run, and how it is asked for.
#include "engine/null_server.hpp"
#include "run/exporter_kinds.hpp"
#include "run/run.hpp"
#include "scenario/parse.hpp"
#include "tests/integration/run/toy_exporter.hpp"
#include "tests/support/temp_folder.hpp"

#include <set>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Scenario scenario_at(std::uint16_t port) {
    const std::string text = fmt::format(
        "target: http://127.0.0.1:{}\n"
        "users: {{visitor: {{flow: [{{get: /}}]}}}}\n"
        "load: [{{executor: shared-iterations, vus: 2, iterations: 300, max_duration: 1m}}]\n"
        "thresholds: {{http_reqs: [\"count>299\"], http_req_failed: [\"rate<1%\"]}}\n"
        "probes: {{host: true, canaries: {{tcp_connect: off}}}}\n",
        port);
    ParseOutcome parsed = parse_scenario(text, {"exporters_test.yaml", {}});
    EXPECT_TRUE(parsed.scenario) << format_faults(parsed.faults, "exporters_test.yaml");
    return parsed.scenario ? *std::move(parsed.scenario) : Scenario{};
}

class TellingListener final : public RunListener {
public:
    void on_trouble(const std::string& sentence) override { said += sentence + "\n"; }
    void on_error(const Error& error) override { said += error.to_string() + "\n"; }
    std::string said;
};

RunOutcome run_with(RunOptions options, TellingListener& listener) {
    const auto server = NullServer::start(-1);
    EXPECT_TRUE(server);
    const Scenario scenario = scenario_at((*server)->port());
    StopQueue stops;
    options.calibrate = false;
    return Run(scenario, std::move(options), stops, listener).execute();
}

/// The lines of each frame that the toy wrote.
std::vector<std::vector<std::string>> frames(const std::filesystem::path& path) {
    std::vector<std::vector<std::string>> out(1);
    std::istringstream lines(test::read_file(path));
    for (std::string line; std::getline(lines, line);) {
        if (line == "---") {
            out.emplace_back();
        } else {
            out.back().push_back(line);
        }
    }
    out.pop_back();
    return out;
}

TEST(RunExporters, GiveAnExporterOfItsOwnAllThatThereIsToTell) {
    const test::TempFolder folder;
    const auto path = folder.path() / "toy.txt";
    RunOptions options;
    options.folder = folder.path() / "run";
    options.tags = {"build=17"};
    options.more_exporters = [&] {
        std::vector<ExporterPtr> more;
        more.push_back(std::make_unique<test::ToyExporter>(path));
        return more;
    };
    TellingListener listener;
    const RunOutcome outcome = run_with(std::move(options), listener);
    EXPECT_EQ(listener.said, "");
    EXPECT_EQ(outcome.end, RunEnd::Completed);
    const auto said = frames(path);
    ASSERT_GE(said.size(), 2U);  // a tick at least, and the end

    double ticked = 0;
    for (std::size_t i = 0; i + 1 < said.size(); ++i) {
        for (const std::string& line : said[i]) {
            if (line.starts_with("plimsoll_iterations_total ")) {
                ticked += std::stod(line.substr(line.rfind(' ')));
            }
        }
    }
    EXPECT_EQ(ticked, 300);
    const std::vector<std::string>& end = said.back();
    EXPECT_THAT(end, Contains("plimsoll_iterations_total 300"));
    EXPECT_THAT(end, Contains("plimsoll_response_seconds,user=visitor,endpoint=/,method=GET 300"));
    EXPECT_THAT(end, Contains("plimsoll_threshold_ok,threshold=http_reqs: count>299 1"));
    EXPECT_THAT(end, Contains("plimsoll_threshold_ok,threshold=http_req_failed: rate<1% 1"));
    EXPECT_THAT(end, Contains("plimsoll_threshold_limit,threshold=http_reqs: count>299 299"));
    EXPECT_THAT(end, Contains("plimsoll_run_state,state=judged 1"));
    EXPECT_THAT(end, Contains(AllOf(StartsWith("plimsoll_run_validity,verdict="), EndsWith(" 1"))));
    EXPECT_THAT(end, Contains(StartsWith("plimsoll_run_info,run=")));
    EXPECT_THAT(end, Contains(HasSubstr(",build=17 1")));
    for (const std::string exporter : {"toy", "run_file"}) {
        EXPECT_THAT(
            end, Contains(StartsWith("plimsoll_exporter_sent_total,exporter=" + exporter + " ")));
    }
    // Probes read while the load ran, and no more at its end.
    EXPECT_THAT(said.front(), Contains(StartsWith("plimsoll_probe_up,probe=host")));
    // Of the machine there are two where the target's side was found in time: host:generator,
    // host:target.
    EXPECT_THAT(end, Contains(testing::AllOf(StartsWith("plimsoll_probe_up,probe=host"),
                                             testing::EndsWith(" 0"))));
    EXPECT_THAT(end, Not(Contains(testing::AllOf(StartsWith("plimsoll_probe_up,probe=host"),
                                                 testing::EndsWith(" 1")))));
    EXPECT_THAT(end, Not(Contains(StartsWith("plimsoll_host_load_average"))));
    std::set<std::string> counted;
    for (const auto& [name, counts] : outcome.deliveries) {
        counted.insert(name);
    }
    EXPECT_EQ(counted, (std::set<std::string>{"run_file", "toy"}));
}

TEST(RunExporters, EndARunWhoseExporterCannotStart) {
    const test::TempFolder folder;
    RunOptions options;
    options.folder = folder.path() / "run";
    options.more_exporters = [&] {
        std::vector<ExporterPtr> more;
        more.push_back(std::make_unique<test::ToyExporter>(folder.path() / "missing" / "toy.txt"));
        return more;
    };
    TellingListener listener;
    const RunOutcome outcome = run_with(std::move(options), listener);
    EXPECT_EQ(outcome.end, RunEnd::SetupFailed);
    EXPECT_THAT(listener.said, HasSubstr("toy.txt: cannot be written"));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "run"));
}

TEST(ExporterKinds, AreEachMadeOfWhatTheFlagSays) {
    const std::map<std::string_view, std::string> places{
        {"FILE", "a.ndjson"},
        {"ADDR:PORT", "127.0.0.1:0"},
        {"URL", "http://127.0.0.1:4318"},
        {"URL/DATABASE", "http://127.0.0.1:8086/k6"},
        {"HOST:PORT", "127.0.0.1:8125"}};
    std::set<std::string_view> names;
    for (const ExporterKind& kind : exporter_kinds()) {
        EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
        EXPECT_EQ(find_exporter_kind(kind.name), &kind);
        ExportConfig exports;
        const auto nothing = make_exporter(kind, exports);
        ASSERT_TRUE(nothing);
        EXPECT_EQ(*nothing, nullptr) << kind.name;
        ASSERT_TRUE(places.contains(kind.where)) << kind.where;
        ASSERT_TRUE(set_exporter(kind, places.at(kind.where), exports)) << kind.name;
        const auto made = make_exporter(kind, exports);
        ASSERT_TRUE(made) << kind.name;
        ASSERT_NE(*made, nullptr) << kind.name;
        EXPECT_EQ((*made)->name(), kind.name);
    }
    EXPECT_EQ(find_exporter_kind("xml"), nullptr);
}

}  // namespace
}  // namespace plimsoll
