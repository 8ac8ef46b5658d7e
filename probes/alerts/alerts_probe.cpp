#include "probes/alerts/alerts_probe.hpp"

#include "net/http_client.hpp"
#include "probes/alerts/alert_list.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// One of the two servers, and what it said last.
class Source {
public:
    using Read = Result<AlertList> (*)(std::string_view);

    static Result<Source> make(const std::string& url, const std::string& path, Read read,
                               const AlertsProbeOptions& options) {
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
        return Source(std::move(*client), base + path, parsed->origin(), read);
    }

    /// What changed goes to `notes`.
    Status ask(Clock::time_point deadline, std::vector<std::string>& notes) {
        HttpRequest request;
        request.target = path_;
        request.headers = {{"Accept", "application/json"}, {"User-Agent", "plimsoll"}};
        const auto answer = client_.send(request, deadline);
        if (!answer) {
            return answer.error();
        }
        if (answer->status != 200) {
            return Error{fmt::format("the answer to {} has status {}", path_, answer->status),
                         origin_};
        }
        auto list = read_(answer->body);
        if (!list) {
            return Error{list.error().what, origin_};
        }
        for (std::string& change : alert_changes(last_, *list)) {
            notes.push_back(std::move(change));
        }
        last_ = std::move(*list);
        return {};
    }

private:
    Source(HttpClient client, std::string path, std::string origin, Read read)
        : client_(std::move(client)),
          path_(std::move(path)),
          origin_(std::move(origin)),
          read_(read) {}
    HttpClient client_;
    std::string path_, origin_;
    Read read_;
    AlertList last_;
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
        missed_ = first->notes;  // what stood before the run is told with its first reading
        return {};
    }
    [[nodiscard]] Result<Reading> read(Clock::time_point deadline) override;

private:
    AlertsProbeOptions options_;
    Source prometheus_;
    std::optional<Source> alertmanager_;
    std::vector<std::string> missed_;  // changes that no reading has told yet
};

Result<Reading> AlertsProbe::read(Clock::time_point deadline) {
    Reading reading;
    const Clock::time_point from = Clock::now();
    Status asked = prometheus_.ask(deadline, missed_);
    if (asked && alertmanager_) {
        asked = alertmanager_->ask(deadline, missed_);
    }
    if (!asked) {
        return asked.error();
    }
    reading.took = Clock::now() - from;
    reading.at = from + reading.took / 2;
    reading.notes = std::exchange(missed_, {});
    return reading;
}

}  // namespace

Result<ProbePtr> make_alerts_probe(AlertsProbeOptions options) {
    auto prometheus =
        Source::make(options.prometheus, "/api/v1/alerts", read_prometheus_alerts, options);
    if (!prometheus) {
        return prometheus.error();
    }
    std::optional<Source> alertmanager;
    if (!options.alertmanager.empty()) {
        auto made =
            Source::make(options.alertmanager, "/api/v2/alerts", read_alertmanager_alerts, options);
        if (!made) {
            return made.error();
        }
        alertmanager.emplace(std::move(*made));
    }
    return ProbePtr(std::make_unique<AlertsProbe>(std::move(options), std::move(*prometheus),
                                                  std::move(alertmanager)));
}

}  // namespace plimsoll
