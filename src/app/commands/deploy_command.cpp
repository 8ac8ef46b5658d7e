// plimsoll deploy kubernetes | slurm SCENARIO
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/common_flags.hpp"
#include "app/commands/deploy_environment.hpp"
#include "app/commands/files.hpp"
#include "app/commands/flag_text.hpp"
#include "app/console.hpp"
#include "app/scenario_bundle.hpp"
#include "base/log.hpp"
#include "base/random_key.hpp"
#include "deploy/capacity_plan.hpp"
#include "deploy/kubernetes.hpp"
#include "deploy/quantity.hpp"
#include "deploy/slurm.hpp"
#include "objects/s3_store.hpp"
#include "scenario/pod_choice.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {
namespace {

struct DeployFlags {
    std::string scenario;
    std::uint32_t segments = 2;
    std::string name;
    std::uint32_t cores = 2;
    std::uint32_t shards = 0;  // 0: half the cores
    std::string memory;
    std::uint64_t seed = 1;
    bool no_gather = false;
    std::string upload;
    std::vector<std::string> env;
    std::string output;
    bool force = false;
    // kubernetes
    std::string namespace_, image = "plimsoll:0.1.0", env_secret, token_file, token_secret, claim;
    bool service_monitor = false;
    // slurm
    std::string partition, results = "results", program = "plimsoll";

    [[nodiscard]] std::uint32_t load_threads() const {
        return shards != 0 ? shards : std::max(1U, cores / 2);
    }
};

Result<std::uint64_t> memory_of(const DeployFlags& flags, std::uint64_t otherwise) {
    if (flags.memory.empty()) {
        return otherwise;
    }
    auto bytes = parse_bytes(flags.memory);
    if (bytes && *bytes < kBytesPerSegment) {
        return Error{fmt::format("must be at least {}, what the program takes itself, got \"{}\"",
                                 bytes_text(static_cast<double>(kBytesPerSegment)), flags.memory),
                     "--memory"};
    }
    return bytes ? bytes : at_flag(bytes.error(), "--memory");
}

Status check_upload(const std::string& upload) {
    if (upload.empty()) {
        return {};
    }
    const auto location = parse_s3(upload);
    return location ? Status() : at_flag(location.error(), "--upload");
}

std::uint64_t whole_seconds(Nanoseconds length) {
    return static_cast<std::uint64_t>(std::ceil(to_seconds(length)));
}

/// What the pods are to have in their environment. Error: something that the scenario reads here
/// would not be there.
Result<Environment> environment_of(const DeployFlags& flags, const ScenarioBundle& bundle) {
    const auto given = given_variables(flags.env);
    if (!given) {
        return given.error();
    }
    if (!flags.env_secret.empty()) {
        return Environment();
    }
    auto environment = values_of(*given);
    if (!environment) {
        return environment.error();
    }
    for (const std::string& name : bundle.variables) {
        if (std::find(given->begin(), given->end(), name) == given->end()) {
            return Error{
                fmt::format("the scenario reads ${{env.{}}}, which is set here and would not be in "
                            "the pods",
                            name),
                flags.scenario,
                fmt::format("-e {} takes its value into the Secret, --env-secret NAME names a "
                            "Secret that has it, and env -u {} leaves it out",
                            name, name)};
        }
    }
    return environment;
}

Status check_label(const std::string& text, const char* flag, std::size_t longest) {
    return text.empty() || is_dns_label(text, longest)
               ? Status()
               : Error{fmt::format("must be at most {} lower-case letters, digits and -, and begin "
                                   "and end with a letter or digit, got \"{}\"",
                                   longest, text),
                       flag};
}

Status check_names(const DeployFlags& flags) {
    if (!flags.name.empty() && std::isdigit(static_cast<unsigned char>(flags.name[0])) != 0) {
        return Error{
            fmt::format("must begin with a letter, as a Service does, got \"{}\"", flags.name),
            "--name"};
    }
    if (flags.image.empty() || std::any_of(flags.image.begin(), flags.image.end(),
                                           [](unsigned char c) { return c <= 0x20 || c > 0x7E; })) {
        return Error{"must be an image's name without blanks, e.g. registry.example/plimsoll:0.1.0",
                     "--image"};
    }
    for (const Status& each :
         {check_label(flags.name, "--name", kLongestObjectName),
          check_label(flags.namespace_, "--namespace", 63),
          check_label(flags.env_secret, "--env-secret", 63),
          check_label(flags.token_secret, "--token-secret", 63),
          check_label(flags.claim, "--claim", 63), check_upload(flags.upload)}) {
        if (!each) {
            return each;
        }
    }
    return {};
}

Result<std::string> token_of(const DeployFlags& flags) {
    return flags.token_file.empty() ? Result<std::string>(random_key())
                                    : flag_text('@' + flags.token_file, "--token-file");
}

/// Nothing where the scenario is at fault.
Result<std::optional<ScenarioBundle>> read_scenario(const DeployFlags& flags) {
    if (const Status set = set_environment(flags.env); !set) {
        return set.error();
    }
    auto bundle = bundle_scenario(flags.scenario, kMostConfigBytes);
    if (bundle && *bundle) {
        for (const std::string& path : (*bundle)->absolute) {
            say(stderr,
                "plimsoll: {} is named by its absolute path: it is not taken along and must "
                "be there where the load runs\n",
                path);
        }
    }
    return bundle;
}

int give_out(const DeployFlags& flags, const Result<std::string>& text) {
    if (!text) {
        return refuse(text.error());
    }
    if (flags.output.empty()) {
        hand_over(*text);
        return to_int(ExitCode::Passed);
    }
    const Status written = write_new_file(flags.output, *text, flags.force);
    return written ? to_int(ExitCode::Passed) : refuse(written.error());
}

Result<std::string> manifests(const DeployFlags& flags, ScenarioBundle&& bundle) {
    const auto environment = environment_of(flags, bundle);
    if (!environment) {
        return environment.error();
    }
    const auto memory = memory_of(flags, std::uint64_t{1} << 30U);
    if (!memory) {
        return memory.error();
    }
    const auto token = token_of(flags);
    if (!token) {
        return token.error();
    }
    KubernetesPlan plan;
    plan.name = flags.name.empty() ? object_name(bundle.scenario.name) : flags.name;
    plan.namespace_ = flags.namespace_;
    plan.image = flags.image;
    plan.segments = flags.segments;
    plan.cores = flags.cores;
    plan.shards = flags.load_threads();
    plan.memory_bytes = *memory;
    plan.length_s = whole_seconds(bundle.scenario.duration());
    plan.scenario = bundle.path;
    plan.files = std::move(bundle.files);
    plan.environment = *environment;
    plan.environment_secret = flags.env_secret;
    plan.token = *token;
    plan.token_secret = flags.token_secret;
    plan.upload = flags.upload;
    plan.claim = flags.claim;
    plan.service_monitor = flags.service_monitor;
    if (flags.seed != 1) {
        plan.run_arguments = {"--seed", std::to_string(flags.seed)};
        plan.gather_arguments = plan.run_arguments;
    }
    return kubernetes_manifests(plan);
}

int deploy_kubernetes(const DeployFlags& flags) {
    init_logging(Verbosity::Normal);
    if (const Status good = check_names(flags); !good) {
        return refuse(good.error());
    }
    auto bundle = read_scenario(flags);
    if (!bundle) {
        return refuse(bundle.error());
    }
    return *bundle ? give_out(flags, manifests(flags, std::move(**bundle)))
                   : to_int(ExitCode::InvalidInput);
}

/// The nodes share the folder (or have the files at the same place): nothing is taken along.
int deploy_slurm(const DeployFlags& flags) {
    init_logging(Verbosity::Normal);
    if (const Status good = check_upload(flags.upload); !good) {
        return refuse(good.error());
    }
    if (const Status set = set_environment(flags.env); !set) {
        return refuse(set.error());
    }
    if (flags.scenario == "-") {
        return refuse(
            Error{"must be a file that the nodes can read, not standard input", "SCENARIO"});
    }
    const auto scenario = load_scenario_file(flags.scenario);
    if (!scenario) {
        return to_int(ExitCode::InvalidInput);
    }
    const auto memory = memory_of(flags, 0);
    if (!memory) {
        return refuse(memory.error());
    }
    const auto given = given_variables(flags.env);
    const Result<Environment> environment = given ? values_of(*given) : given.error();
    if (!environment) {
        return refuse(environment.error());
    }
    SlurmPlan plan;
    plan.name = flags.name.empty() ? object_name(scenario->name) : flags.name;
    plan.segments = flags.segments;
    plan.cores = flags.cores;
    plan.shards = flags.load_threads();
    plan.memory_bytes = *memory;
    plan.length_s = whole_seconds(scenario->duration());
    plan.partition = flags.partition;
    plan.plimsoll = flags.program;
    plan.scenario = std::filesystem::absolute(flags.scenario).lexically_normal().string();
    plan.results = std::filesystem::absolute(flags.results).lexically_normal().string();
    plan.gather = !flags.no_gather;
    plan.environment = *environment;
    plan.upload = flags.upload;
    if (flags.seed != 1) {
        plan.arguments = {"--seed", std::to_string(flags.seed)};
    }
    return give_out(flags, slurm_script(plan));
}

void add_common(Command& command, DeployFlags& flags, const char* memory_help) {
    command.add_option("SCENARIO", flags.scenario, "a scenario file")->required();
    command.add_option("--segments", flags.segments, "parts of the load, each a process")
        ->in_range(1U, 100'000U)
        ->capture_default_str();
    command.add_option("--name", flags.name, "of what is made (default: the scenario's)");
    command.add_option("--cores", flags.cores, "whole cores of each segment")
        ->in_range(1U, 1024U)
        ->capture_default_str();
    command.add_option("--shards", flags.shards, "load threads of each (default: half its cores)")
        ->in_range(1U, 256U);
    command.add_option("--memory", flags.memory, memory_help)->type_name("SIZE");
    command.add_option("--seed", flags.seed, "same seed, same arrivals and values")
        ->not_negative()
        ->capture_default_str();
    command
        .add_option("--upload", flags.upload,
                    "each segment leaves its run there, to be joined by `plimsoll merge`")
        ->type_name("s3://BUCKET/PREFIX");
    command
        .add_option(
            "-e,--env", flags.env,
            "${env.NAME} of the scenario: NAME takes the value that it has here, NAME=VALUE "
            "sets it; @FILE: lines of NAME=VALUE")
        ->type_name("NAME")
        ->allow_extra_args(false);
    command.add_option("-o,--output", flags.output, "write here instead of to stdout")
        ->type_name("FILE");
    command.add_flag("--force", flags.force, "overwrite the output file");
}

void add_kubernetes(Command& deploy, Action& action) {
    auto flags = std::make_shared<DeployFlags>();
    Command* command = deploy.add_subcommand(
        "kubernetes", "print the manifests: an Indexed Job for the load, one that gathers");
    add_common(*command, *flags, "of each segment (default: 1GiB)");
    command->add_option("--namespace", flags->namespace_, "(default: kubectl's own)");
    command->add_option("--image", flags->image, "with the program in it")->capture_default_str();
    command
        ->add_option("--env-secret", flags->env_secret,
                     "a Secret that is there already, with the environment")
        ->type_name("NAME")
        ->excludes("--env");
    auto* const token = command->add_option(
        "--token-file", flags->token_file,
        "the first line of it is the token of segments and coordinator (default: a new one)");
    token->type_name("FILE");
    command
        ->add_option("--token-secret", flags->token_secret,
                     "a Secret that is there already, with the key gather-token")
        ->type_name("NAME")
        ->excludes(token);
    command
        ->add_option("--claim", flags->claim,
                     "a PersistentVolumeClaim for the run (default: it goes with the pod)")
        ->type_name("NAME");
    command->add_flag("--service-monitor", flags->service_monitor,
                      "also a ServiceMonitor for the Prometheus Operator");
    command->footer(
        "The output holds the scenario's secrets and the values of -e, as Secrets: keep it out of "
        "repositories.\n\n"
        "Examples:\n"
        "  plimsoll deploy kubernetes checkout.yaml --segments 8 | kubectl apply --server-side -f "
        "-\n"
        "  plimsoll deploy kubernetes checkout.yaml --segments 8 --cores 4 -e PLIMSOLL_PG_DSN");
    command->callback([flags, &action] { action = [flags] { return deploy_kubernetes(*flags); }; });
}

void add_slurm(Command& deploy, Action& action) {
    auto flags = std::make_shared<DeployFlags>();
    Command* command = deploy.add_subcommand(
        "slurm",
        "print a batch script: each task runs a part, and the first node merges them live");
    add_common(*command, *flags, "of each segment (default: the partition's)");
    command->add_option("--partition", flags->partition, "(default: Slurm's own)");
    command->add_flag("--no-gather", flags->no_gather,
                      "join the parts afterwards, not live: nodes need not reach each other");
    command->add_option("--results", flags->results, "folder for runs, which all nodes must share")
        ->capture_default_str();
    command->add_option("--program", flags->program, "plimsoll, as the nodes find it")
        ->type_name("PATH")
        ->capture_default_str();
    command->footer(
        "Examples:\n"
        "  plimsoll deploy slurm checkout.yaml --segments 8 -o checkout.sbatch && sbatch "
        "checkout.sbatch\n"
        "  plimsoll deploy slurm checkout.yaml --segments 64 --cores 4 --partition load | sbatch");
    command->callback([flags, &action] { action = [flags] { return deploy_slurm(*flags); }; });
}

}  // namespace

void add_deploy_command(Command& app, Action& action) {
    Command* command =
        app.add_subcommand("deploy", "print what starts a load on a cluster; changes nothing");
    command->require_subcommand(1);
    command->footer(
        "Examples:\n"
        "  plimsoll deploy kubernetes checkout.yaml --segments 8 | kubectl apply --server-side -f "
        "-\n"
        "  plimsoll deploy slurm checkout.yaml --segments 8 | sbatch");
    add_kubernetes(*command, action);
    add_slurm(*command, action);
}

}  // namespace plimsoll
