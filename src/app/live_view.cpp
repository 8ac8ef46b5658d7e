#include "app/live_view.hpp"

#include "app/console.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr auto kLineEvery = std::chrono::seconds(5);
constexpr auto kCpuOver = std::chrono::milliseconds(950);
constexpr int kBarWidth = 30;
constexpr std::size_t kLabelColumns = 12;  // "  response  "
constexpr std::size_t kTrendTicks = 60;
constexpr std::size_t kTrendColumns = 20;
constexpr std::size_t kRoomForTrends = 72;  // columns; a narrower terminal has the figures alone

std::string bar(double share) {
    const int full = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * kBarWidth));
    std::string text;
    for (int i = 0; i < kBarWidth; ++i) {
        text += i < full ? "█" : "░";
    }
    return text;
}

std::string clock_text(double seconds) {
    const auto whole = static_cast<long>(std::max(0.0, seconds));
    return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

double offered(const Snapshot& now, const RunInfo& run) {
    double sum = 0;
    for (std::size_t i = 0; i < now.executors.size(); ++i) {
        sum += run.executors[i].open ? now.executors[i].offered : 0;
    }
    return sum;
}

/// Columns that UTF-8 text takes: continuation bytes take none.
bool begins_column(char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
}

std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_column));
}

std::string without_colours(std::string_view text) {
    std::string plain;
    bool inside = false;
    for (const char c : text) {
        inside = inside || c == '\x1b';
        if (!inside) {
            plain += c;
        }
        inside = inside && c != 'm';
    }
    return plain;
}

std::string_view cut(std::string_view text, std::size_t columns) {
    std::size_t end = 0;
    for (std::size_t seen = 0; end < text.size(); ++end) {
        seen += begins_column(text[end]) ? 1U : 0U;
        if (seen > columns) {
            break;
        }
    }
    return text.substr(0, end);
}

std::size_t terminal_columns() {
    constexpr std::size_t kUsual = 80;
    winsize size{};
    const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : kUsual;
}

}  // namespace

std::string wrap_fields(std::string_view text, std::size_t indent, std::size_t columns) {
    const std::size_t room = columns > indent ? columns - indent : 1;
    std::string out;
    std::size_t used = 0;  // columns of the current line, without the indent
    while (!text.empty()) {
        const std::size_t end = std::min(text.find("  "), text.size());
        const std::string_view field = cut(text.substr(0, end), room);
        text.remove_prefix(std::min(end + 2, text.size()));
        if (used > 0 && used + 2 + width(field) > room) {
            out += '\n' + std::string(indent, ' ');
            used = 0;
        } else if (used > 0) {
            out += "  ";
            used += 2;
        }
        out += field;
        used += width(field);
    }
    return out;
}

std::string sparkline(const std::deque<double>& values, std::size_t columns) {
    constexpr std::array<std::string_view, 8> kBars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const std::size_t first = values.size() - std::min(values.size(), columns);
    double most = 0;
    for (std::size_t i = first; i < values.size(); ++i) {
        most = std::isnan(values[i]) ? most : std::max(most, values[i]);
    }
    std::string text;
    for (std::size_t i = first; i < values.size(); ++i) {
        if (std::isnan(values[i])) {
            text += ' ';
            continue;
        }
        constexpr double kSteps = kBars.size() - 1;
        const double share = most > 0 ? std::max(0.0, values[i]) / most : 0;
        text += kBars[static_cast<std::size_t>(std::lround(share * kSteps))];
    }
    return text;
}

int rows_on(std::string_view text, std::size_t columns) {
    std::size_t rows = 0;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::size_t taken = width(without_colours(line));
        rows += taken == 0 || columns == 0 ? 1 : (taken + columns - 1) / columns;
    }
    return static_cast<int>(rows);
}

void LiveView::Trend::add(double value) {
    values.push_back(value);
    if (values.size() > kTrendTicks) {
        values.pop_front();
    }
}

LiveView::LiveView(const RunInfo& run, const std::vector<ProbeInfo>& probes, ViewMode mode,
                   bool colour)
    : run_(run), probes_(probes), mode_(mode), colour_(colour) {}

void LiveView::on_snapshot(const SnapshotPtr& snapshot) {
    // The last one may be of a few milliseconds, from which no rate can be told.
    if (snapshot->last && (snapshot->to - snapshot->from) * 4 < run_.tick) {
        return;
    }
    const std::lock_guard lock(mutex_);
    latest_ = snapshot;
    fresh_ = true;
    const EndpointStats delta = snapshot->merged_delta();
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    rate_.add(static_cast<double>(delta.requests) /
              std::max(1e-9, to_seconds(snapshot->to - snapshot->from)));
    p99_s_.add(delta.requests > 0 ? to_seconds(delta.response.quantile(0.99)) : kNone);
    backends_.add(pg_backends_ >= 0 ? pg_backends_ : kNone);
}

void LiveView::on_event(const Event& event) {
    const std::lock_guard lock(mutex_);
    last_event_ = fmt::format("{}  {}", clock_text(to_seconds(event.at - run_.start.mono)),
                              shown_line(event.text));
}

void LiveView::on_reading(std::size_t probe, const Reading& reading) {
    const std::lock_guard lock(mutex_);
    double backends = -1;
    double busy = 0;
    for (const Value& value : reading.values) {
        const MetricDescriptor& what = probes_[probe].descriptors[value.metric];
        if (what.name == metric::kPgBackends) {
            backends = std::max(0.0, backends) + value.value;
            const auto state = std::find(what.labels.begin(), what.labels.end(), "state");
            const std::string& name =
                value.labels[static_cast<std::size_t>(state - what.labels.begin())];
            busy += name.starts_with("active") || name.starts_with("idle in") ? value.value : 0;
        } else if (what.name == metric::kPgMaxConnections) {
            pg_max_ = value.value;
        } else if (what.name == metric::kContainerCpuSeconds) {
            CpuTrack& track = cpu_[value.labels.back()];
            // CPU time comes in steps of 10 ms: over less than a second they would be all one sees.
            if (track.at == Clock::time_point{}) {
                track = {value.value, reading.at, -1};
            } else if (reading.at - track.at >= kCpuOver) {
                const double cores =
                    (value.value - track.seconds) / to_seconds(reading.at - track.at);
                track = {value.value, reading.at, cores};
            }
        }
    }
    if (backends >= 0) {
        pg_backends_ = backends;
        pg_busy_ = busy;
    }
}

std::string LiveView::load_text(const Snapshot& now) const {
    const double seconds = std::max(1e-9, to_seconds(now.to - now.from));
    const EndpointStats delta = now.merged_delta();
    const double achieved = static_cast<double>(delta.requests) / seconds;
    const double failed = delta.requests == 0 ? 0
                                              : 100.0 * static_cast<double>(delta.failed) /
                                                    static_cast<double>(delta.requests);
    const bool open = std::any_of(run_.executors.begin(), run_.executors.end(),
                                  [](const ExecutorInfo& each) { return each.open; });
    std::string text = open ? fmt::format("offered {:.0f}/s  ", offered(now, run_))
                            : fmt::format("users {}  ", now.state.users);
    text += fmt::format("achieved {:.0f}/s  failed {:.1f} %  in flight {}", achieved, failed,
                        now.state.in_flight);
    const auto dropped = now.total_counts.not_sent();
    if (dropped > 0) {
        text += fmt::format("  not sent {}", dropped);
    }
    if (now.total_counts.interrupted > 0) {
        text += fmt::format("  cut off {}", now.total_counts.interrupted);
    }
    return text;
}

std::string LiveView::latency_text(const Snapshot& now) const {
    const EndpointStats delta = now.merged_delta();
    if (delta.requests == 0) {
        return "no response in this second";
    }
    return fmt::format("p50 {}  p99 {}", human_seconds(to_seconds(delta.response.quantile(0.5))),
                       human_seconds(to_seconds(delta.response.quantile(0.99))));
}

std::string LiveView::probe_text() const {
    std::string text;
    if (pg_backends_ >= 0) {
        text = fmt::format("db connections {:.0f} ({:.0f} busy) of {:.0f}", pg_backends_, pg_busy_,
                           pg_max_);
    }
    for (const auto& [role, track] : cpu_) {
        if (track.cores >= 0) {
            text +=
                fmt::format("{}{} CPU {:.2f} cores", text.empty() ? "" : "  ", role, track.cores);
        }
    }
    return text;
}

std::string LiveView::line() const {
    const std::lock_guard lock(mutex_);
    if (!latest_) {
        return {};
    }
    const double elapsed = to_seconds(latest_->to - run_.start.mono);
    std::string text = fmt::format("{:>6}  {}  {}", clock_text(elapsed), load_text(*latest_),
                                   latency_text(*latest_));
    const std::string side = probe_text();
    return side.empty() ? text : text + "  " + side;
}

/// How far it is, and what is left.
std::string LiveView::progress_text(std::size_t columns) const {
    const double elapsed = to_seconds(latest_->to - run_.start.mono);
    const double planned = to_seconds(run_.planned_duration);
    std::string stages;
    for (std::size_t i = 0; i < latest_->executors.size(); ++i) {
        const auto count = run_.executors[i].stages.size();
        const auto stage = latest_->executors[i].stage;
        if (is_steered(run_.executors[i].kind)) {
            continue;  // it has the stages that somebody makes
        }
        stages += stage >= count ? std::string("  finishing")
                                 : fmt::format("  stage {}/{}", stage + 1, count);
    }
    const std::string left =
        planned > elapsed ? fmt::format("  {} left", clock_text(planned - elapsed)) : "";
    const std::string progress =
        fmt::format("{} {} / {}{}{}", bar(planned > 0 ? elapsed / planned : 0), clock_text(elapsed),
                    clock_text(planned), left, stages);
    return "  " + wrap_fields(shown_line(progress), 2, columns) + '\n';
}

std::string LiveView::block(std::size_t columns) const {
    const std::lock_guard lock(mutex_);
    const char* const dim = colour_ ? "\x1b[2m" : "";
    const char* const plain = colour_ ? "\x1b[0m" : "";
    std::string text = progress_text(columns);
    const auto add = [&](std::string_view what, const Trend& trend, std::string_view figures) {
        const std::string bars =
            columns >= kRoomForTrends ? sparkline(trend.values, kTrendColumns) + "  " : "";
        text += fmt::format("  {}{:<8}{}  {}\n", dim, what, plain,
                            bars + wrap_fields(shown_line(figures), kLabelColumns,
                                               columns - std::min(columns, width(bars))));
    };
    add("load", rate_, load_text(*latest_));
    add("response", p99_s_, latency_text(*latest_));
    if (const std::string side = probe_text(); !side.empty()) {
        add("target", backends_, side);
    }
    if (!last_event_.empty()) {
        text += fmt::format("  {}{:<8}{}  {}\n", dim, "event", plain,
                            cut(last_event_, columns - std::min(columns, kLabelColumns)));
    }
    return text;
}

void LiveView::draw() {
    {
        const std::lock_guard lock(mutex_);
        if (mode_ == ViewMode::Off || !fresh_) {
            return;
        }
        fresh_ = false;
    }
    if (mode_ == ViewMode::Lines) {
        const auto now = Clock::now();
        if (now - last_line_ >= kLineEvery - std::chrono::milliseconds(500)) {
            last_line_ = now;
            say("{}\n", line());
        }
        return;
    }
    // A terminal wraps what fills its last column, and then the lines counted here were wrong.
    const std::string text = block(terminal_columns() - 1);
    clear();
    std::string cleared;
    for (const char c : text) {
        cleared += c == '\n' ? "\x1b[K\n" : std::string(1, c);
    }
    write_out(stdout, cleared);
    drawn_ = text;
}

void LiveView::clear() {
    if (!drawn_.empty()) {
        // As wide as it is now: one that was made narrower has broken what stood there.
        write_out(stdout, fmt::format("\x1b[{}A\x1b[J", rows_on(drawn_, terminal_columns())));
        drawn_.clear();
    }
}

}  // namespace plimsoll
