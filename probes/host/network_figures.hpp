// The kernel's TCP counters, as /proc/PID/net shows them for the process's network namespace.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace plimsoll {

/// Nothing in a field: the kernel does not say.
struct NetworkFigures {
    std::optional<double> listen_overflows;  // connections dropped: an accept queue was full
    std::optional<double> listen_drops;      // dropped on the way to a listener, for any reason
    std::optional<double> segments_sent, segments_resent;
    std::optional<double> time_wait, sockets;  // now
    std::optional<double> local_ports;         // that outgoing connections may use
};

/// `net`: /proc/PID/net. Leaves local_ports alone.
[[nodiscard]] NetworkFigures read_network_figures(const std::filesystem::path& net);
/// "32768 60999": 28232. Nothing where it is no range.
[[nodiscard]] std::optional<double> count_ports(std::string_view range);

/// One value of a table that has a line of names and a line of numbers per protocol, as netstat and
/// snmp: ("TcpExt", "ListenOverflows").
[[nodiscard]] std::optional<double> find_counter(std::string_view table, std::string_view protocol,
                                                 std::string_view name);

}  // namespace plimsoll
