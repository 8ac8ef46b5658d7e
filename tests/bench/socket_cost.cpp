// What the probes of the target's sockets and threads cost beside many connections.
//
//   socket_cost [CONNECTIONS [SECONDS [HZ]]]      5000, 20 and 10 unless given
//
// A child process accepts the connections and never reads; half of them carry a request. Prints our
// CPU per second of wall time and what the last reading said. Exit status 1 above 1 % of a core.
#include "base/fd.hpp"
#include "probes/target/target_probe.hpp"
#include "signal/names.hpp"
#include "signal/probe_runner.hpp"
#include "tests/bench/cpu_seconds.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace plimsoll {
namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// Accepts for ever, reads nothing.
[[noreturn]] void serve(int listener) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        if (accept(listener, nullptr, nullptr) < 0) {
            _exit(1);
        }
    }
}

int measure(std::uint16_t port, double seconds, double hz) {
    TargetProbeOptions options;
    options.port = port;
    options.period = from_seconds(1 / hz);
    options.docker_host = "unix:///nowhere";
    std::vector<ProbePtr> probes;
    probes.push_back(make_socket_probe(options));
    probes.push_back(make_thread_probe(options));
    double unread = 0;
    const auto descriptors = probes[0]->descriptors();
    const auto see = [&](std::size_t probe, const Reading& reading, const ProbeHealth&) {
        for (const Value& value : reading.values) {
            if (probe == 0 && descriptors[value.metric].name == metric::kTargetUnread) {
                unread = value.value;
            }
        }
    };
    ProbeRunner runner(std::move(probes),
                       {see, [](std::size_t, const Gap&, const ProbeHealth&) {}});
    for (const Status& status : runner.start(std::chrono::seconds(30))) {
        if (!status) {
            std::fprintf(stderr, "%s\n", status.error().to_string().c_str());
            return 1;
        }
    }
    const double cpu = cpu_seconds();
    const Clock::time_point from = Clock::now();
    runner.begin();
    std::this_thread::sleep_for(from_seconds(seconds));
    const double share = (cpu_seconds() - cpu) / to_seconds(Clock::now() - from);
    runner.stop();
    std::printf(
        "our CPU: %.2f %% of a core (limit 1 %%); %.0f connections with unread requests, "
        "%llu of %llu readings\n",
        100 * share, unread, static_cast<unsigned long long>(runner.health()[0].readings),
        static_cast<unsigned long long>(runner.health()[0].expected));
    return share > 0.01 ? 1 : 0;
}

int run(int connections, double seconds, double hz) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    const Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    if (bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener.get(), 4096) != 0 ||
        getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        std::perror("listen");
        return 1;
    }
    const pid_t server = fork();
    if (server == 0) {
        serve(listener.get());
    }
    std::vector<Fd> calls;
    for (int i = 0; i < connections; ++i) {
        calls.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const bool good = connect(calls.back().get(), reinterpret_cast<sockaddr*>(&address),
                                  sizeof(address)) == 0 &&
                          (i % 2 != 0 || send(calls.back().get(), "GET", 3, 0) == 3);
        if (!good) {
            std::perror("connect");
            return 1;
        }
    }
    const int result = measure(ntohs(address.sin_port), seconds, hz);
    kill(server, SIGKILL);
    waitpid(server, nullptr, 0);
    return result;
}

}  // namespace
}  // namespace plimsoll

int main(int count, char** words) {
    return plimsoll::run(count > 1 ? std::atoi(words[1]) : 5000,
                         count > 2 ? std::atof(words[2]) : 20,
                         count > 3 ? std::atof(words[3]) : 10);
}
