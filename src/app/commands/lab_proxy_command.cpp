// plimsoll lab proxy: network faults in front of any TCP server.
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/files.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/stop_request.hpp"
#include "base/log.hpp"
#include "lab/fault_catalogue.hpp"
#include "lab/proxy_control.hpp"
#include "net/loopback.hpp"
#include "scenario/listen_address.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct ProxyFlags {
    std::string listen = "127.0.0.1:0";
    std::string control = "127.0.0.1:0";
    std::string upstream;
    // In the order of kKeys.
    std::array<std::string, 4> values;
    bool stall = false;
    std::string drop_new;
};

struct KeyFlag {
    const char* flag;
    const char* key;
    const char* type;
};
constexpr std::array<KeyFlag, 4> kKeys{{{"--latency", "latency", "TIME"},
                                        {"--jitter", "jitter", "TIME"},
                                        {"--bandwidth", "bandwidth", "BYTES/S"},
                                        {"--reset-rate", "reset_rate", "SHARE"}}};

std::string describe(const char* key) {
    const auto types = fault_types();
    const auto network = std::find_if(types.begin(), types.end(),
                                      [](const FaultType& type) { return type.name == "network"; });
    for (const FaultKey& known : network->keys) {
        if (known.name == key) {
            return std::string(known.meaning);
        }
    }
    return {};
}

/// The flags as the fault they amount to.
Result<LabFault> fault_of(const ProxyFlags& flags) {
    std::string text = "network";
    char separator = ':';
    const auto add = [&](std::string_view key, std::string_view value) {
        text += fmt::format("{}{}={}", separator, key, value);
        separator = ',';
    };
    for (std::size_t i = 0; i < kKeys.size(); ++i) {
        if (!flags.values[i].empty()) {
            add(kKeys[i].key, flags.values[i]);
        }
    }
    if (flags.stall) {
        add("stall", "yes");
    }
    if (!flags.drop_new.empty()) {
        add("drop_new", flags.drop_new);
    }
    return LabFault::parse(text);
}

int proxy(const ProxyFlags& flags) {
    init_logging(Verbosity::Normal);
    const auto fault = fault_of(flags);
    if (!fault) {
        return refuse(Error{fault.error().what, "proxy", fault.error().hint});
    }
    const auto listen = parse_listen(flags.listen);
    if (!listen) {
        return refuse(Error{listen.error().what, "--listen", listen.error().hint});
    }
    const auto control = parse_listen(flags.control);
    if (!control || !is_loopback(control->first)) {
        return refuse(Error{"must be an address of this machine only, got " + flags.control,
                            "--control", "for example 127.0.0.1:9100"});
    }
    ProxyOptions options;
    std::tie(options.address, options.port) = *listen;
    options.upstream = flags.upstream;
    StopRequest stop;
    auto started = ControlledProxy::start(options, *fault, control->first, control->second);
    if (!started) {
        const bool taken = started.error().what.starts_with("cannot listen");
        if (!taken) {
            return refuse(started.error());
        }
        say(stderr, "plimsoll: the proxy did not start: {}\n", started.error().to_string());
        return to_int(ExitCode::PortInUse);
    }
    say("ready {}:{}\ncontrol {}\n", options.address, started->port(), started->control_url());
    while (stop.count() == 0) {
        stop.wait_until(Clock::now() + std::chrono::seconds(1));
    }
    return to_int(ExitCode::Passed);
}

}  // namespace

Command* add_lab_proxy_command(Command& lab, Action& action) {
    auto flags = std::make_shared<ProxyFlags>();
    Command* command = lab.add_subcommand("proxy", "network faults in front of any TCP server");
    command->add_option("--upstream", flags->upstream, "HOST:PORT or unix:/path")->required();
    command->add_option("--listen", flags->listen, "ADDRESS:PORT; port 0 is any free one")
        ->capture_default_str();
    command
        ->add_option("--control", flags->control,
                     "ADDRESS:PORT, loopback only, where faults are switched")
        ->capture_default_str();
    for (std::size_t i = 0; i < kKeys.size(); ++i) {
        command->add_option(kKeys[i].flag, flags->values[i], describe(kKeys[i].key))
            ->type_name(kKeys[i].type);
    }
    command->add_flag("--stall", flags->stall, describe("stall"));
    command->add_option("--drop-new", flags->drop_new, describe("drop_new"))->type_name("SHARE");
    command->footer(
        "While it runs, faults come and go at the address it prints as `control`:\n"
        "  curl -d network:stall=yes $CONTROL/lab/faults\n"
        "  curl -X DELETE $CONTROL/lab/faults\n\n"
        "Examples:\n"
        "  plimsoll lab proxy --upstream 127.0.0.1:5432 --latency 20ms --jitter 5ms\n"
        "  plimsoll lab proxy --upstream 127.0.0.1:8080 --listen 127.0.0.1:8081 --reset-rate 1%");
    command->callback([flags, &action] { action = [flags] { return proxy(*flags); }; });
    return command;
}

}  // namespace plimsoll
