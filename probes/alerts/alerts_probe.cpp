#include "probes/alerts/alerts_probe.hpp"

#include "net/http_client.hpp"
#include "probes/alerts/alert_list.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// A server, asked for one thing or another.
class Source {
public:
    static Result<Source> make(const std::string& url, const AlertsProbeOptions& options) {
        auto parsed = parse_url(url);
        if (!parsed) {
            return Error{parsed.error().what, options.name, "e.g. http://127.0.0.1:9090"};
        }
        HttpClientOptions http;
        http.max_response_bytes = 16U << 20U;
        http.verify_tls = options.verify_tls;
        auto client = HttpClient::create(*parsed, http);
        if (!client) {
            return client.error();
        }
        std::string base = parsed->target;
        while (base.ends_with('/')) {
            base.pop_back();
        }
        return Source(std::move(*client), base, parsed->origin());
    }

    template <typename Read>
    auto ask(const std::string& path, Read read, Clock::time_point deadline)
        -> decltype(read(std::string_view())) {
        HttpRequest request;
        request.target = base_ + path;
        request.headers = {{"Accept", "application/json"}, {"User-Agent", "plimsoll"}};
        const auto answer = client_.send(request, deadline);
        if (!answer) {
            return answer.error();
        }
        if (answer->status != 200) {
            return Error{
                fmt::format("the answer to {} has status {}", request.target, answer->status),
                origin_};
        }
        auto list = read(answer->body);
        if (!list) {
            return Error{list.error().what, origin_};
        }
        return list;
    }

private:
    Source(HttpClient client, std::string base, std::string origin)
        : client_(std::move(client)), base_(std::move(base)), origin_(std::move(origin)) {}
    HttpClient client_;
    std::string base_, origin_;
};

/// What one server said last, and when.
struct Watched {
    std::optional<AlertList> last;  // absent: it has not answered yet
    Clock::time_point at;
};

class AlertsProbe final : public Probe {
public:
    AlertsProbe(AlertsProbeOptions options, Source prometheus, std::optional<Source> alertmanager)
        : options_(std::move(options)),
          prometheus_(std::move(prometheus)),
          alertmanager_(std::move(alertmanager)) {}

    [[nodiscard]] std::string name() const override { return options_.name; }
    [[nodiscard]] std::span<const MetricDescriptor> descriptors() const override { return {}; }
    [[nodiscard]] Nanoseconds period() const override { return options_.period; }
    // Not of the target, but as slow as it likes: it shall cost nobody else a reading.
    [[nodiscard]] bool waits_on_target() const override { return true; }
    [[nodiscard]] Status start(Clock::time_point deadline) override {
        const auto first = read(deadline);
        if (!first) {
            return first.error();
        }
        untold_ = first->events;  // what stood before the run is told with its first reading
        return {};
    }
    [[nodiscard]] Result<Reading> read(Clock::time_point deadline) override;

private:
    [[nodiscard]] Status ask(Clock::time_point deadline);
    void note(Watched& watched, AlertList now, Clock::time_point asked, Clock::time_point deadline);
    void tell(SeenChange change, const RuleTimes& times, const Watched& watched);
    static std::optional<Clock::time_point> after(const std::string& stamp, Clock::time_point from);

    AlertsProbeOptions options_;
    Source prometheus_;
    std::optional<Source> alertmanager_;
    Watched seen_, notified_;
    std::vector<Event> untold_;  // changes that no reading has told yet
};

/// On our clock, where it lies between `from` and now: else the server's clock is another, or the
/// stamp is of something else.
std::optional<Clock::time_point> AlertsProbe::after(const std::string& stamp,
                                                    Clock::time_point from) {
    constexpr std::chrono::milliseconds kRounding{20};
    const auto at = parse_server_time(stamp);
    if (!at) {
        return std::nullopt;
    }
    const WallAnchor now = WallAnchor::now();
    const Clock::time_point ours =
        now.mono + std::chrono::duration_cast<Clock::duration>(*at - now.wall);
    return ours < from - kRounding || ours > now.mono + kRounding ? std::nullopt
                                                                  : std::optional(ours);
}

void AlertsProbe::tell(SeenChange change, const RuleTimes& times, const Watched& watched) {
    // Evaluations are stamped with when they were due; a look may fall between that and their end.
    constexpr std::chrono::seconds kLateEvaluation{1};
    const Clock::time_point due = watched.at - kLateEvaluation;
    std::optional<Clock::time_point> at = after(change.at, due);
    const auto [first, last] = times.equal_range(change.name);
    for (auto each = first; change.at.empty() && each != last; ++each) {
        at = std::max(at, after(each->second, watched.at));
    }
    // An alert that went through pending between two looks: the server says since when.
    constexpr std::chrono::milliseconds kOneEvaluation{100};
    if (change.note.move == AlertNote::Move::Firing &&
        watched.last->find(change.note.alert) == watched.last->end()) {
        const auto pending = after(change.note.since, due);
        if (pending && at && *at - *pending > kOneEvaluation) {
            AlertNote before = change.note;
            before.move = AlertNote::Move::Pending;
            untold_.push_back({*pending, EventKind::AlertChanged, to_text(before)});
        }
    }
    untold_.push_back({at.value_or(Clock::now()), EventKind::AlertChanged, to_text(change.note)});
}

/// `asked`: when the request for `now` went out.
void AlertsProbe::note(Watched& watched, AlertList now, Clock::time_point asked,
                       Clock::time_point deadline) {
    std::vector<SeenChange> changes = alert_changes(watched.last.value_or(AlertList{}), now);
    if (!watched.last) {
        for (SeenChange& change : changes) {
            change.note.already = true;
            untold_.push_back({asked, EventKind::AlertChanged, to_text(change.note)});
        }
    } else if (!changes.empty()) {
        RuleTimes times;
        const bool timeless = std::any_of(changes.begin(), changes.end(),
                                          [](const SeenChange& each) { return each.at.empty(); });
        if (&watched == &seen_ && timeless) {
            // Without them the times are ours, up to a period late.
            auto said = prometheus_.ask("/api/v1/rules?type=alert", read_rule_times, deadline);
            times = said ? std::move(*said) : RuleTimes{};
        }
        for (SeenChange& change : changes) {
            tell(std::move(change), times, watched);
        }
    }
    watched.last = std::move(now);
    watched.at = asked;
}

Status AlertsProbe::ask(Clock::time_point deadline) {
    Clock::time_point asked = Clock::now();
    auto alerts = prometheus_.ask("/api/v1/alerts", read_prometheus_alerts, deadline);
    if (!alerts) {
        return alerts.error();
    }
    AlertList known = seen_.last.value_or(AlertList{});  // also what is gone by now
    known.insert(alerts->begin(), alerts->end());
    note(seen_, std::move(*alerts), asked, deadline);
    if (!alertmanager_) {
        return {};
    }
    asked = Clock::now();
    auto notified = alertmanager_->ask("/api/v2/alerts", read_alertmanager_alerts, deadline);
    if (!notified) {
        return notified.error();
    }
    note(notified_, as_prometheus_names(*notified, known), asked, deadline);
    return {};
}

Result<Reading> AlertsProbe::read(Clock::time_point deadline) {
    Reading reading;
    const Clock::time_point from = Clock::now();
    if (const Status asked = ask(deadline); !asked) {
        return asked.error();
    }
    reading.took = Clock::now() - from;
    reading.at = from + reading.took / 2;
    reading.events = std::exchange(untold_, {});
    return reading;
}

}  // namespace

Result<std::vector<std::string>> alert_names(const AlertsProbeOptions& options,
                                             Clock::time_point deadline) {
    auto prometheus = Source::make(options.prometheus, options);
    if (!prometheus) {
        return prometheus.error();
    }
    const auto times = prometheus->ask("/api/v1/rules?type=alert", read_rule_times, deadline);
    if (!times) {
        return times.error();
    }
    std::vector<std::string> names;
    for (const auto& [name, last] : *times) {
        if (names.empty() || names.back() != name) {
            names.push_back(name);
        }
    }
    return names;
}

Result<ProbePtr> make_alerts_probe(AlertsProbeOptions options) {
    auto prometheus = Source::make(options.prometheus, options);
    if (!prometheus) {
        return prometheus.error();
    }
    std::optional<Source> alertmanager;
    if (!options.alertmanager.empty()) {
        auto made = Source::make(options.alertmanager, options);
        if (!made) {
            return made.error();
        }
        alertmanager.emplace(std::move(*made));
    }
    return ProbePtr(std::make_unique<AlertsProbe>(std::move(options), std::move(*prometheus),
                                                  std::move(alertmanager)));
}

}  // namespace plimsoll
