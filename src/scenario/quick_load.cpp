// Scenarios and loads from flags.
#include "scenario/parse.hpp"
#include "scenario/redact.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

// A JSON string is a YAML double-quoted scalar too.
std::string yaml_string(std::string_view text) {
    std::string escaped;
    for (std::size_t at = 0; at < text.size(); ++at) {
        escaped += text.substr(at).starts_with("${") ? "$$" : std::string(1, text[at]);
    }
    return boost::json::serialize(boost::json::value(escaped));
}

Nanoseconds length_of(const QuickLoad& load) {
    constexpr std::chrono::seconds kUsual{10};
    constexpr std::chrono::minutes kLongestForIterations{10};  // k6's
    return load.duration.value_or(load.iterations ? kLongestForIterations : kUsual);
}

std::string load_text(const QuickLoad& load) {
    if (!load.stages.empty()) {
        std::string stages;
        for (const Ramp::Stage& stage : load.stages) {
            stages += fmt::format("{}{{duration: {}, target: {:.0f}}}", stages.empty() ? "" : ", ",
                                  format_duration(stage.duration), stage.target);
        }
        return fmt::format("{{executor: ramping-vus, start_vus: {}, stages: [{}]}}", load.vus,
                           stages);
    }
    const std::string duration = format_duration(length_of(load));
    if (load.iterations) {
        return fmt::format(
            "{{executor: shared-iterations, vus: {}, iterations: {}, max_duration: {}}}", load.vus,
            *load.iterations, duration);
    }
    if (load.rate) {
        return fmt::format(
            "{{executor: constant-arrival-rate, rate: {}/s, duration: {}, max_vus: {}}}",
            load.rate->per_second(), duration, load.vus);
    }
    return fmt::format("{{executor: constant-vus, vus: {}, duration: {}}}", load.vus, duration);
}

Executor executor_for(const QuickLoad& load) {
    Executor executor;
    if (!load.stages.empty()) {
        executor.kind = ExecutorKind::RampingVus;
        executor.ramp = Ramp(load.vus, load.stages);
        executor.max_vus = static_cast<std::uint32_t>(executor.ramp.highest());
    } else {
        executor.kind = load.iterations ? ExecutorKind::SharedIterations
                        : load.rate     ? ExecutorKind::ConstantArrivalRate
                                        : ExecutorKind::ConstantVus;
        const bool open = is_open(executor.kind);
        executor.ramp = Ramp::constant(open ? load.rate->per_second() : load.vus, length_of(load));
        executor.max_vus = load.vus;
        executor.iterations = load.iterations.value_or(0);
    }
    executor.name = to_string(executor.kind);
    return executor;
}

}  // namespace

Result<Scenario> scenario_for_url(std::string_view url, const QuickLoad& load) {
    const std::size_t mark = url.find("://");
    const std::size_t authority = mark == std::string_view::npos ? 0 : mark + 3;
    const bool socket = url.starts_with("unix:");
    const std::size_t path =
        std::min(socket ? url.find(":/", 5) : url.find_first_of("/?#", authority), url.size());
    const auto target = parse_target(url.substr(0, path));
    if (!target) {
        return target.error();
    }
    std::string get(url.substr(path, url.find('#', path) - path));
    if (socket && !get.empty()) {
        get.erase(0, 1);  // the colon between socket and path
    }
    if (!get.starts_with('/')) {
        get.insert(0, "/");
    }
    const auto text_for = [&](std::string_view request) {
        return fmt::format(
            "name: {}\ntarget: {}\nusers:\n  user:\n    flow:\n      - get: {}\nload:\n  - {}\n",
            yaml_string(target->host), yaml_string(target->to_string()), yaml_string(request),
            load_text(load));
    };
    auto outcome = parse_scenario(text_for(get), {});
    if (!outcome.scenario) {
        const Fault& fault = outcome.faults.front();
        return Error{fault.what, fault.path, fault.hint};
    }
    outcome.scenario->text = text_for(mask_query(get));  // the copy that files keep
    return *std::move(outcome.scenario);
}

void override_load(Scenario& scenario, const QuickLoad& load) {
    scenario.load = {executor_for(load)};
}

}  // namespace plimsoll
