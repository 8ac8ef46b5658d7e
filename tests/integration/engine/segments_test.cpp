// Segments of a run against the whole: the same arrivals, users and iterations, each once.
#include "tests/integration/engine/engine_run.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::Answer;
using test::ok_response;
using test::ScriptedServer;

Template compiled_expression(std::string_view text) {
    return *Template::compile(text, [](const char*) -> const char* { return nullptr; });
}

/// Runs the scenario and gives back the paths that the server was asked for, sorted.
class Paths {
public:
    explicit Paths(const std::string& path) : path_(path) {}

    std::vector<std::string> of(Executor executor, Segment segment, std::uint32_t shards) {
        ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
        Scenario scenario = scenario_for(server, std::move(executor));
        scenario.users[0].steps[0].path = compiled_expression(path_);
        const Outcomes out = run(scenario, shards, 0, {}, segment);
        counts_.merge(out.last->total_counts);
        std::vector<std::string> paths;
        for (const std::string& request : server.seen()) {
            const std::size_t begin = request.find(' ') + 1;
            paths.push_back(request.substr(begin, request.find(' ', begin) - begin));
        }
        std::sort(paths.begin(), paths.end());
        return paths;
    }
    [[nodiscard]] const LoadCounts& counts() const { return counts_; }
    /// Due when no user was free, in all runs so far.
    [[nodiscard]] std::uint64_t not_sent() const { return counts_.not_sent(); }

private:
    std::string path_;
    LoadCounts counts_;
};

/// Three segments with one, two and three shards against one run on one shard.
void expect_whole(const Executor& executor, const std::string& path) {
    Paths paths(path);
    const auto whole = paths.of(executor, {}, 1);
    std::vector<std::string> joined;
    for (std::uint32_t number = 1; number <= 3; ++number) {
        const auto part = paths.of(executor, {number, 3}, number);
        EXPECT_FALSE(part.empty());
        EXPECT_EQ(part, paths.of(executor, {number, 3}, 4 - number)) << "by shards of " << number;
        joined.insert(joined.end(), part.begin(), part.end());
    }
    std::sort(joined.begin(), joined.end());
    EXPECT_EQ(joined, whole);
    EXPECT_EQ(paths.not_sent(), 0U);
}

TEST(Segments, TakeEachArrivalOnceWhateverTheirShards) {
    Executor open = arrivals(250, 400ms);
    open.arrivals = ArrivalProcess::Poisson;
    expect_whole(open, "/${iteration}/${uuid()}");
    open.arrivals = ArrivalProcess::Uniform;
    expect_whole(open, "/${iteration}");
}

TEST(Segments, DivideIterationsAndTheirUsers) {
    Executor each = users(7, 10min);
    each.kind = ExecutorKind::PerVuIterations;
    each.iterations = 3;
    expect_whole(each, "/${user}/${iteration}/${uuid()}");
    Executor shared = users(7, 10min);
    shared.kind = ExecutorKind::SharedIterations;
    shared.iterations = 50;
    expect_whole(shared, "/${iteration}");
}

TEST(Segments, LeaveWhatHasNoUserToTheOthers) {
    Paths paths("/${iteration}");
    const Executor open = arrivals(100, 200ms, 2);
    // One user a segment, so that on a busy machine an arrival may find none free.
    const auto sent = paths.of(open, {1, 4}, 2).size() + paths.of(open, {2, 4}, 1).size();
    EXPECT_EQ(sent + paths.not_sent(), 20U);
    EXPECT_GT(sent, 0U);
    EXPECT_TRUE(paths.of(open, {3, 4}, 2).empty());
}

TEST(Segments, AskForTheirShareOfEachLevel) {
    Executor ramp = arrivals(0, 0s);
    ramp.kind = ExecutorKind::RampingArrivalRate;
    ramp.ramp = Ramp(0, {{10s, 90}});
    ramp.max_vus = 100;
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    Scenario scenario = scenario_for(server, ramp);
    scenario.load.push_back(users(8, 10s));
    double rate = 0;
    double count = 0;
    std::uint32_t cap = 0;
    for (std::uint32_t number = 1; number <= 3; ++number) {
        const RunInfo info = describe(scenario, {number, 3});
        EXPECT_DOUBLE_EQ(info.executors[0].stages[0].target, 30);
        rate += info.executors[0].stages[0].target;
        count += info.executors[1].start_value;
        cap += info.executors[0].max_users;
    }
    EXPECT_DOUBLE_EQ(rate, 90);
    EXPECT_EQ(count, 8);
    EXPECT_EQ(cap, 100U);
}

}  // namespace
}  // namespace plimsoll
