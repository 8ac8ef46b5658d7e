#include "exporters/statsd/statsd_exporter.hpp"

#include "base/log.hpp"
#include "signal/family_name.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <netdb.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Of an Ethernet frame, without IPv6's and UDP's headers: nothing is sent in pieces.
constexpr std::size_t kDatagram = 1432;

struct Place {
    std::string host;
    std::string port;
};

Result<Place> read_place(const std::string& where) {
    const std::size_t colon = where.rfind(':');
    unsigned port = 0;
    const bool number =
        colon != std::string::npos &&
        std::from_chars(where.data() + colon + 1, where.data() + where.size(), port).ptr ==
            where.data() + where.size();
    if (!number || colon == 0 || port == 0 || port > 65535) {
        return Error{"must be HOST:PORT", {}, "e.g. statsd=127.0.0.1:8125"};
    }
    std::string host = where.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string::npos) {
        return Error{"must be HOST:PORT", {}, "an IPv6 address stands in brackets: [::1]:8125"};
    }
    return Place{std::move(host), std::to_string(port)};
}

std::string plain(std::string_view text) {
    std::string out(text);
    std::replace_if(
        out.begin(), out.end(),
        [](unsigned char c) {
            return c < ' ' || c == ':' || c == '|' || c == '@' || c == '#' || c == ',';
        },
        '_');
    return out;
}

std::string name_of(const MetricDescriptor& metric) {
    constexpr std::string_view kPrefix = "plimsoll_";
    std::string name = family_name(metric);
    if (name.starts_with(kPrefix)) {
        name[kPrefix.size() - 1] = '.';
    }
    return plain(name);
}

/// "|#a:b,c:d"; empty where there are none.
std::string tags_of(const MetricSeries& series) {
    std::string out;
    for (const MetricLabel& label : series.labels) {
        if (!label.value.empty()) {
            out += fmt::format("{}{}:{}", out.empty() ? "|#" : ",", plain(label.name),
                               plain(label.value));
        }
    }
    return out;
}

/// A number with a sign is an increment to StatsD: one below zero goes by way of zero.
void add_gauge(std::vector<std::string>& out, const std::string& name, double value,
               const std::string& tags) {
    if (!std::isfinite(value)) {
        return;
    }
    if (value < 0) {
        out.push_back(fmt::format("{}:0|g{}", name, tags));
    }
    out.push_back(fmt::format("{}:{}|g{}", name, value, tags));
}

void add_times(std::vector<std::string>& out, const std::string& name, const Histogram& times,
               const std::string& tags) {
    if (times.empty()) {
        return;
    }
    out.push_back(fmt::format("{}.count:{}|c{}", name, times.count(), tags));
    for (const auto& [figure, value] :
         std::initializer_list<std::pair<const char*, Nanoseconds>>{{"mean", times.mean()},
                                                                    {"p50", times.quantile(0.5)},
                                                                    {"p95", times.quantile(0.95)},
                                                                    {"p99", times.quantile(0.99)},
                                                                    {"max", times.max()}}) {
        add_gauge(out, name + "." + figure, to_seconds(value), tags);
    }
}

}  // namespace

std::vector<std::string> StatsdLines::lines(const MetricFrame& frame) {
    std::vector<std::string> out;
    for (const MetricFamily& family : frame.families) {
        const std::string name = name_of(*family.metric);
        for (const MetricSeries& series : family.series) {
            const std::string tags = tags_of(series);
            if (series.times != nullptr) {
                add_times(out, name, *series.times, tags);
            } else if (family.metric->type == MetricType::Gauge) {
                add_gauge(out, name, series.value, tags);
            } else {
                double added = series.value;
                if (!family.of_span) {
                    double& before = before_[name + tags];
                    // One that fell began anew.
                    added = series.value < before ? series.value : series.value - before;
                    before = series.value;
                }
                if (added > 0) {
                    out.push_back(fmt::format("{}:{}|c{}", name, added, tags));
                }
            }
        }
    }
    return out;
}

std::vector<std::string> datagrams(const std::vector<std::string>& lines, std::size_t most_bytes) {
    std::vector<std::string> out;
    for (const std::string& line : lines) {
        if (out.empty() || out.back().size() + 1 + line.size() > most_bytes) {
            out.push_back(line);
        } else {
            out.back().append("\n").append(line);
        }
    }
    return out;
}

Status check_statsd_place(const std::string& where) {
    const auto place = read_place(where);
    return place ? Status() : place.error();
}

StatsdExporter::StatsdExporter(std::string where)
    : MetricExporter("statsd"), where_(std::move(where)) {
    counts_.unit = "lines";
    counts_.sent_away = true;
}

StatsdExporter::~StatsdExporter() {
    finish(Clock::now());
}

Status StatsdExporter::open() {
    const auto place = read_place(where_);
    if (!place) {
        return place.error();
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    const int failed = ::getaddrinfo(place->host.c_str(), place->port.c_str(), &hints, &found);
    if (failed != 0) {
        return Error{fmt::format("no such host: {}", ::gai_strerror(failed)), where_};
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, &::freeaddrinfo);
    socket_ = ::socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0 || ::connect(socket_, found->ai_addr, found->ai_addrlen) != 0) {
        return Error{fmt::format("cannot be reached: {}", std::strerror(errno)), where_};
    }
    return {};
}

void StatsdExporter::on_tick() {
    send();
}

void StatsdExporter::on_judged() {
    // The tick's counts went out with it.
    MetricFrame frame = state()->frame(MetricSpan::LastTick);
    std::erase_if(frame.families, [](const MetricFamily& family) { return family.of_span; });
    send(frame);
}

void StatsdExporter::send() {
    send(state()->frame(MetricSpan::LastTick));
}

void StatsdExporter::send(const MetricFrame& frame) {
    for (const std::string& datagram : datagrams(lines_.lines(frame), kDatagram)) {
        const auto lines =
            static_cast<std::uint64_t>(std::count(datagram.begin(), datagram.end(), '\n') + 1);
        const bool taken =
            ::send(socket_, datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
            static_cast<ssize_t>(datagram.size());
        const int error = errno;
        const std::lock_guard lock(mutex_);
        (taken ? counts_.sent : counts_.dropped) += lines;
        if (!taken && counts_.last_error != std::strerror(error)) {
            counts_.last_error = std::strerror(error);
            spdlog::warn("lines not delivered endpoint={} reason=\"{}\"", where_,
                         counts_.last_error);
        }
    }
}

void StatsdExporter::finish(Clock::time_point /*deadline*/) {
    if (socket_ >= 0) {
        ::close(std::exchange(socket_, -1));
    }
}

std::optional<Deliveries> StatsdExporter::deliveries() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

}  // namespace plimsoll
