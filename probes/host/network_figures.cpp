#include "probes/host/network_figures.hpp"

#include "probes/container/system_files.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace plimsoll {
namespace {

/// "TCP: inuse 7 orphan 0 tw 3 alloc 9 mem 1": the number after a word of one line.
std::optional<double> find_word(std::string_view text, std::string_view line_name,
                                std::string_view word) {
    for (const std::string_view line : split_lines(text)) {
        if (!line.starts_with(line_name)) {
            continue;
        }
        const std::vector<std::string_view> words = split_words(line);
        const auto found = std::find(words.begin(), words.end(), word);
        return words.end() - found > 1 ? parse_number(*(found + 1)) : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

std::optional<double> find_counter(std::string_view table, std::string_view protocol,
                                   std::string_view name) {
    const std::string heading = std::string(protocol) + ":";
    std::vector<std::string_view> names;
    for (const std::string_view line : split_lines(table)) {
        if (!line.starts_with(heading)) {
            continue;
        }
        std::vector<std::string_view> words = split_words(line);
        if (names.empty()) {
            names = std::move(words);
            continue;
        }
        const auto found = std::find(names.begin(), names.end(), name);
        const auto index = static_cast<std::size_t>(found - names.begin());
        return index < words.size() ? parse_number(words[index]) : std::nullopt;
    }
    return std::nullopt;
}

std::optional<double> count_ports(std::string_view range) {
    const std::vector<std::string_view> words = split_words(range);
    if (words.size() != 2) {
        return std::nullopt;
    }
    const auto low = parse_number(words[0]);
    const auto high = parse_number(words[1]);
    return low && high && *high >= *low ? std::optional(*high - *low + 1) : std::nullopt;
}

NetworkFigures read_network_figures(const std::filesystem::path& net) {
    NetworkFigures figures;
    if (const auto netstat = read_small_file(net / "netstat")) {
        figures.listen_overflows = find_counter(*netstat, "TcpExt", "ListenOverflows");
        figures.listen_drops = find_counter(*netstat, "TcpExt", "ListenDrops");
    }
    if (const auto snmp = read_small_file(net / "snmp")) {
        figures.segments_sent = find_counter(*snmp, "Tcp", "OutSegs");
        figures.segments_resent = find_counter(*snmp, "Tcp", "RetransSegs");
    }
    if (const auto sockstat = read_small_file(net / "sockstat")) {
        figures.time_wait = find_word(*sockstat, "TCP:", "tw");
        figures.sockets = find_word(*sockstat, "TCP:", "inuse");
    }
    return figures;
}

}  // namespace plimsoll
