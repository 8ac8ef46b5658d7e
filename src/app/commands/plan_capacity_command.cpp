// plimsoll plan-capacity [SCENARIO | URL]
#include "app/capacity_report.hpp"
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/common_flags.hpp"
#include "app/commands/files.hpp"
#include "app/console.hpp"
#include "app/load_demand.hpp"
#include "base/log.hpp"
#include "base/opened_files.hpp"
#include "base/units.hpp"
#include "deploy/quantity.hpp"
#include "engine/calibrate.hpp"
#include "run/fit.hpp"
#include "scenario/parse.hpp"

#include <filesystem>
#include <memory>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::chrono::milliseconds kCalibration{1000};
constexpr const char* kResponse = "100ms";
constexpr const char* kRequestSize = "512B";
constexpr const char* kResponseSize = "4KB";

std::string or_else(const std::string& given, const char* otherwise) {
    return given.empty() ? otherwise : given;
}

struct PlanFlags {
    std::string scenario;
    std::vector<std::string> env;
    std::string rate;
    std::string response;  // empty, as the next two: the default
    std::string request_size;
    std::string response_size;
    std::uint32_t cores = 4;
    std::string memory = "4GiB";
    std::uint64_t descriptors = 524'288;
    std::uint64_t ports = 28'232;
    std::uint32_t local_addresses = 1;
    std::uint32_t target_addresses = 1;
    std::string bandwidth;
    std::string per_core;
    std::uint64_t segments = 0;
    bool json = false;
};

/// What `read` makes of a flag's text, its fault told at the flag.
template <typename Value>
Status take(const std::string& text, const char* flag, Result<Value> (*read)(std::string_view),
            Value& into) {
    auto value = read(text);
    if (!value) {
        return Error{value.error().what, flag, value.error().hint};
    }
    into = *value;
    return {};
}

Status take_above_zero(const std::string& text, const char* flag, Rate& into) {
    if (Status read = take<Rate>(text, flag, parse_rate, into); !read) {
        return read;
    }
    return into > Rate() ? Status()
                         : Error{fmt::format("must be above 0, got \"{}\"", text), flag,
                                 "e.g. 250/s, 20k/s, 2M/s"};
}

/// The scenario, and how much of test data and bodies lies beside it.
std::optional<Scenario> scenario_of(const PlanFlags& flags, std::uint64_t& data_bytes) {
    const std::string& path = flags.scenario;
    if (path.empty() || path.find("://") != std::string::npos || path.starts_with("unix:")) {
        auto plain = scenario_for_url(path.empty() ? "http://127.0.0.1/" : path, {});
        if (!plain) {
            refuse(plain.error());
            return std::nullopt;
        }
        return std::move(*plain);
    }
    const OpenedFiles opened;
    auto scenario = load_scenario_file(path);
    for (const OpenedFiles::File& file : opened.files()) {
        std::error_code error;
        const auto bytes = std::filesystem::file_size(file.path, error);
        data_bytes += error || file.path == path ? 0 : bytes;
    }
    return scenario;
}

Result<SegmentSize> size_of(const PlanFlags& flags) {
    SegmentSize size;
    size.cores = flags.cores;
    size.descriptors = flags.descriptors;
    size.ports = flags.ports;
    size.local_addresses = flags.local_addresses;
    size.target_addresses = flags.target_addresses;
    size.most_segments = flags.segments;
    if (Status read = take<std::uint64_t>(flags.memory, "--memory", parse_bytes, size.memory_bytes);
        !read) {
        return read.error();
    }
    if (!flags.bandwidth.empty()) {
        double bits = 0;
        if (Status read = take<double>(flags.bandwidth, "--bandwidth", parse_bandwidth, bits);
            !read) {
            return read.error();
        }
        size.bandwidth_bits = bits;
    }
    return size;
}

Result<LoadDemand> demand_for(const PlanFlags& flags, const Scenario& scenario,
                              std::uint64_t data_bytes) {
    std::optional<Rate> rate;
    if (!flags.rate.empty()) {
        Rate given;
        if (Status read = take_above_zero(flags.rate, "-r/--rate", given); !read) {
            return read.error();
        }
        rate = given;
    }
    std::uint64_t request_bytes = 0;
    std::uint64_t response_bytes = 0;
    Nanoseconds response{};
    for (Status read : {take<std::uint64_t>(or_else(flags.request_size, kRequestSize),
                                            "--request-size", parse_bytes, request_bytes),
                        take<std::uint64_t>(or_else(flags.response_size, kResponseSize),
                                            "--response-size", parse_bytes, response_bytes),
                        take<Nanoseconds>(or_else(flags.response, kResponse), "--response-time",
                                          parse_duration, response)}) {
        if (!read) {
            return read.error();
        }
    }
    auto demand = demand_of(scenario, rate, response);
    if (demand) {
        demand->request_bytes = static_cast<double>(request_bytes);
        demand->response_bytes = static_cast<double>(response_bytes);
        demand->data_bytes = data_bytes;
        demand->bytes_per_user = kBytesPerUser;
        demand->keeps_connections = scenario.http.reuse_connections;
    }
    return demand;
}

/// What one load thread could make: given, or measured here with the scenario's own requests.
Status find_ceiling(const PlanFlags& flags, const Scenario& scenario, SegmentSize& size,
                    CapacityNotes& notes) {
    if (!flags.per_core.empty()) {
        Rate given;
        if (Status read = take_above_zero(flags.per_core, "--per-core", given); !read) {
            return read;
        }
        size.ceiling_per_core = given.per_second();
        notes.ceiling = "as --per-core says";
        return {};
    }
    const auto measured = calibrate(scenario, kCalibration);
    if (!measured) {
        return measured.error();
    }
    size.ceiling_per_core = measured->per_shard();
    notes.ceiling = fmt::format("measured on this machine ({:.2f} µs of CPU a request)",
                                measured->cpu_us_per_request);
    return {};
}

int plan(const PlanFlags& flags) {
    init_logging(Verbosity::Normal);
    if (flags.scenario.empty() && flags.rate.empty()) {
        return refuse({"nothing says how much load: neither a scenario nor a rate is given",
                       "plan-capacity", "e.g. plimsoll plan-capacity --rate 2M/s"});
    }
    if (const Status set = set_environment(flags.env); !set) {
        return refuse(set.error());
    }
    auto size = size_of(flags);
    if (!size) {
        return refuse(size.error());
    }
    std::uint64_t data_bytes = 0;
    const auto scenario = scenario_of(flags, data_bytes);
    if (!scenario) {
        return to_int(ExitCode::InvalidInput);
    }
    const auto demand = demand_for(flags, *scenario, data_bytes);
    if (!demand) {
        return refuse(demand.error());
    }
    CapacityNotes notes;
    notes.response_assumed = flags.response.empty();
    notes.sizes_assumed = flags.request_size.empty() || flags.response_size.empty();
    notes.tls = scenario->target.scheme == "https";
    if (const Status known = find_ceiling(flags, *scenario, *size, notes); !known) {
        return refuse(known.error());
    }
    const CapacityPlan made = plan_capacity(*demand, *size);
    if (flags.json) {
        hand_over(capacity_json(*demand, *size, made));
    } else {
        say("{}", capacity_text(*demand, *size, made, notes));
    }
    if (made.fits()) {
        return to_int(ExitCode::Passed);
    }
    if (flags.json) {
        for (const Error& refusal : made.refusals) {
            complain(refusal);
        }
    }
    return to_int(ExitCode::InvalidInput);
}

void add_segment_flags(Command& command, PlanFlags& flags) {
    command.add_option("--cores", flags.cores, "whole cores of one segment")
        ->in_range(1U, 1024U)
        ->capture_default_str();
    command.add_option("--memory", flags.memory, "of one segment")
        ->type_name("SIZE")
        ->capture_default_str();
    command
        .add_option("--descriptors", flags.descriptors,
                    "open files that one segment may have (systemd's default hard limit)")
        ->in_range(std::uint64_t{1}, std::uint64_t{1} << 40U)
        ->capture_default_str();
    command
        .add_option("--ports", flags.ports,
                    "local ports of one address (the kernel's default range); 0: no limit")
        ->in_range(std::uint64_t{0}, std::uint64_t{65'535})
        ->capture_default_str();
    command.add_option("--local-addresses", flags.local_addresses, "that one segment sends from")
        ->in_range(1U, 1'000'000U)
        ->capture_default_str();
    command
        .add_option("--target-addresses", flags.target_addresses,
                    "that the target answers at: each has all local ports of its own")
        ->in_range(1U, 1'000'000U)
        ->capture_default_str();
    command
        .add_option("--bandwidth", flags.bandwidth,
                    "of one segment, each direction, e.g. 10Gbit/s (default: not judged)")
        ->type_name("RATE");
    command
        .add_option("--per-core", flags.per_core,
                    "what one load thread makes with a core of its own, e.g. 120k/s (default: "
                    "measured here for 1 s, as calibrate does)")
        ->type_name("RATE");
    command.add_option("--segments", flags.segments, "as many as there are; more needed: refused")
        ->in_range(std::uint64_t{1}, std::uint64_t{100'000});
}

}  // namespace

void add_plan_capacity_command(Command& app, Action& action) {
    auto flags = std::make_shared<PlanFlags>();
    Command* command = app.add_subcommand(
        "plan-capacity", "how many segments of what size a load needs; sends nothing");
    command->add_option("SCENARIO", flags->scenario,
                        "a scenario file or a URL (default: a plain GET)");
    command
        ->add_option("-r,--rate", flags->rate,
                     "arrivals, e.g. 2M/s (default: the scenario's own peak)")
        ->type_name("RATE");
    command->add_option("-e,--env", flags->env, "set ${env.NAME} of the scenario")
        ->type_name("NAME")
        ->allow_extra_args(false);
    command
        ->add_option("--response-time", flags->response,
                     "of one request, while the target holds: how long it keeps its user "
                     "(default: 100ms)")
        ->type_name("TIME");
    command
        ->add_option("--request-size", flags->request_size,
                     "of one request, headers included (default: 512B)")
        ->type_name("SIZE");
    command
        ->add_option("--response-size", flags->response_size,
                     "of one response, likewise (default: 4KB)")
        ->type_name("SIZE");
    add_segment_flags(*command, *flags);
    command->add_flag("--json", flags->json, "one JSON object on stdout");
    command->footer(
        "Examples:\n"
        "  plimsoll plan-capacity --rate 2M/s --cores 8 --response-time 20ms\n"
        "  plimsoll plan-capacity checkout.yaml --segments 10 --bandwidth 10Gbit/s");
    command->callback([flags, &action] { action = [flags] { return plan(*flags); }; });
}

}  // namespace plimsoll
