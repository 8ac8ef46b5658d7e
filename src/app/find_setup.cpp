#include "app/find_setup.hpp"

#include "run/fit.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr double kFirstRate = 20;
constexpr double kFirstUsers = 2;
constexpr double kMostRate = 1e6;
constexpr double kMostSearchedUsers = 2000;
constexpr std::uint32_t kMostBusy = 4000;  // users of a search by arrivals
// A step that fails leaves requests behind; the search itself ends within the budget.
constexpr std::chrono::minutes kAfterBudget{5};
constexpr std::chrono::seconds kGracefulStop{10};

Status check(const FindRequest& request) {
    const double precision = request.precision.value_or(kPrecision);
    if (!(precision >= kFinestPrecision && precision <= 1)) {
        return Error{fmt::format("must be from 1% to 100%, got {:.3g} %", 100 * precision),
                     "--precision", "e.g. --precision 5%"};
    }
    if (request.start && !(*request.start > 0)) {
        return Error{"must be above 0", "--start", ""};
    }
    if (request.start && request.most && *request.most < *request.start) {
        return Error{"must not be below --start", "--max", ""};
    }
    if (request.budget.value_or(kBudget) < kLeastFindBudget) {
        return Error{"must be at least 30s: a search takes a dozen steps of some seconds",
                     "--budget", ""};
    }
    constexpr std::chrono::minutes kLongestWindow{5};
    if (request.window && (*request.window <= Nanoseconds{} || *request.window > kLongestWindow)) {
        return Error{"must be above 0 and at most 5m: no step is held for longer", "--window", ""};
    }
    return {};
}

/// The scenario's own limit where it has one, within what this process may open.
std::uint32_t most_busy(const Scenario& scenario, const FindRequest& request) {
    std::uint32_t most = request.max_vus.value_or(0);
    for (const Executor& executor : scenario.load) {
        most = request.max_vus ? most : std::max(most, executor.max_vus);
    }
    most = most == 0 ? kMostBusy : most;
    const auto room = read_machine_limits(0).descriptors / 2;
    return static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(std::min<std::uint64_t>(most, room), 1, UINT32_MAX));
}

Nanoseconds longest_timeout(const Scenario& scenario) {
    Nanoseconds longest{};
    for (const UserClass& user : scenario.users) {
        for (const Step& step : user.steps) {
            longest = std::max(longest, step.timeout);
        }
    }
    return longest;
}

ArrivalProcess arrivals_of(const Scenario& scenario) {
    const auto open = std::find_if(scenario.load.begin(), scenario.load.end(),
                                   [](const Executor& each) { return is_open(each.kind); });
    // Independent users come by chance; evenly spaced arrivals would carry more than they do.
    return open == scenario.load.end() ? ArrivalProcess::Poisson : open->arrivals;
}

}  // namespace

FindRequest with_plan(FindRequest request, const FindPlan& plan) {
    request.users = request.users || plan.closed;
    if (request.users == plan.closed) {
        request.start = request.start ? request.start : plan.start;
        request.most = request.most ? request.most : plan.most;
    }
    request.precision = request.precision ? request.precision : plan.precision;
    request.budget = request.budget ? request.budget : plan.budget;
    request.window = request.window ? request.window : plan.window;
    return request;
}

Result<FindOptions> prepare_find(Scenario& scenario, const FindRequest& asked) {
    const FindRequest request = with_plan(asked, scenario.find);
    if (Status good = check(request); !good) {
        return good.error();
    }
    FindOptions options;
    options.open = !request.users;
    const Nanoseconds budget = request.budget.value_or(kBudget);
    options.budget_s = to_seconds(budget);
    options.window_s = to_seconds(request.window.value_or(Nanoseconds{}));
    options.timeout_s = to_seconds(longest_timeout(scenario));
    SearchOptions& search = options.search;
    search.most = request.most.value_or(request.users ? kMostSearchedUsers : kMostRate);
    search.start =
        std::min(request.start.value_or(request.users ? kFirstUsers : kFirstRate), search.most);
    search.precision = request.precision.value_or(kPrecision);
    search.whole = request.users;
    search.seed = request.seed;
    std::copy_if(scenario.thresholds.begin(), scenario.thresholds.end(),
                 std::back_inserter(options.goal.thresholds), is_step_goal);

    Executor executor;
    executor.name = "find";
    executor.kind =
        request.users ? ExecutorKind::ExternallyControlled : ExecutorKind::ExternallyControlledRate;
    executor.ramp = Ramp::constant(search.start, budget + kAfterBudget);
    executor.arrivals = arrivals_of(scenario);
    executor.max_vus =
        request.users ? static_cast<std::uint32_t>(search.most) : most_busy(scenario, request);
    executor.graceful_stop = kGracefulStop;
    executor.graceful_ramp_down = kGracefulStop;
    scenario.load = {std::move(executor)};
    return options;
}

ExitCode exit_code_of(const FindResult& result, const FindRequest& request) {
    const SearchResult& search = result.search;
    if (search.end == SearchEnd::GeneratorLimit && !search.lo) {
        return ExitCode::MeasurementInvalid;
    }
    if (!search.lo) {
        return ExitCode::ThresholdFailed;
    }
    const double carried = *search.lo * (result.open ? result.requests_per_iteration : 1);
    return request.at_least && carried < *request.at_least ? ExitCode::ThresholdFailed
                                                           : ExitCode::Passed;
}

}  // namespace plimsoll
