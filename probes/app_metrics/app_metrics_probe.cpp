#include "probes/app_metrics/app_metrics_probe.hpp"

#include "net/http_client.hpp"
#include "probes/app_metrics/app_figures.hpp"
#include "signal/names.hpp"

#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::size_t kLongestAnswer = 16U << 20U;

std::vector<MetricDescriptor> describe_metrics() {
    using enum MetricType;
    const std::vector<std::string> pool{"pool"};
    const std::vector<std::string> workers{"workers"};
    return {
        {metric::kAppPoolSize, Gauge, "Connections that the application's pool may have.", pool},
        {metric::kAppPoolUsed, Gauge, "Connections given out.", pool},
        {metric::kAppPoolIdle, Gauge, "Connections open and free.", pool},
        {metric::kAppPoolPending, Gauge, "Callers waiting for a connection.", pool},
        {metric::kAppPoolTimeouts, Counter, "Callers that gave up waiting.", pool},
        {metric::kAppPoolWaits, Counter, "Callers that had to wait.", pool},
        {metric::kAppWorkersSize, Gauge, "Threads or processes for requests.", workers},
        {metric::kAppWorkersBusy, Gauge, "Those that work.", workers},
        {metric::kAppWorkersQueued, Gauge, "What waits for one of them.", workers},
        {metric::kAppLoopLag, Gauge, "Lateness of the application's event loop.", {}},
        {metric::kAppLoopBusy, Gauge, "Share of time that its event loop is not idle.", {}},
        {metric::kAppGcPause, Counter, "Time in which garbage collection stopped it.", {}},
        {metric::kAppGcCpu, Counter, "CPU time of its garbage collection.", {}},
        {metric::kAppCpu, Counter, "CPU time by its own figures.", {}},
        {metric::kAppSchedulerWait, Counter, "Time that its goroutines waited for a thread.", {}},
    };
}

class AppMetricsProbe final : public Probe {
public:
    AppMetricsProbe(AppMetricsOptions options, Url url, HttpClient client,
                    std::vector<FigureMapping> mappings)
        : options_(std::move(options)),
          url_(std::move(url)),
          client_(std::move(client)),
          mappings_(std::move(mappings)) {}

    [[nodiscard]] std::string name() const override { return options_.name; }
    [[nodiscard]] std::span<const MetricDescriptor> descriptors() const override {
        return descriptors_;
    }
    [[nodiscard]] Nanoseconds period() const override { return options_.period; }
    [[nodiscard]] bool waits_on_target() const override { return true; }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> facts() const override {
        return facts_;
    }
    [[nodiscard]] Status start(Clock::time_point deadline) override;
    [[nodiscard]] Result<Reading> read(Clock::time_point deadline) override;

private:
    Result<HttpResponse> fetch(Clock::time_point deadline);
    Result<AppPage> page_in(const std::string& text) const;
    [[nodiscard]] std::string labelled(const std::string& name) const;

    AppMetricsOptions options_;
    Url url_;
    HttpClient client_;
    std::vector<FigureMapping> mappings_;
    std::vector<MetricDescriptor> descriptors_ = describe_metrics();
    std::vector<std::pair<std::string, std::string>> facts_;
};

Status AppMetricsProbe::start(Clock::time_point deadline) {
    const auto first = read(deadline);
    if (!first) {
        return first.error();
    }
    facts_ = {{"url", url_.origin() + url_.target.substr(0, url_.target.find('?'))}};
    return {};
}

Result<HttpResponse> AppMetricsProbe::fetch(Clock::time_point deadline) {
    HttpRequest request;
    request.target = url_.target;
    request.headers = {{"Accept", "text/plain;version=0.0.4"}, {"User-Agent", "plimsoll"}};
    auto response = client_.send(request, deadline);
    if (!response) {
        return Error{response.error().what, options_.name, response.error().hint};
    }
    if (response->status != 200) {
        return Error{fmt::format("the metrics endpoint's answer has status {}", response->status),
                     options_.name};
    }
    return response;
}

Result<AppPage> AppMetricsProbe::page_in(const std::string& text) const {
    AppCollector collector(mappings_);
    ExpositionReader reader(text);
    std::size_t samples = 0;
    for (;;) {
        const auto sample = reader.next();
        if (!sample) {
            return Error{"the metrics cannot be read: " + sample.error().to_string(), options_.name,
                         "is this a Prometheus endpoint?"};
        }
        if (!*sample) {
            break;
        }
        ++samples;
        collector.add(**sample);
    }
    auto page = collector.page();
    if (page.empty()) {
        return Error{fmt::format("none of its {} series is of a pool, of workers or of a runtime "
                                 "that is known or mapped",
                                 samples),
                     options_.name, "name them, e.g. map: {pool_used: my_pool_busy}"};
    }
    return page;
}

/// Two pages may have a pool of the same name each: of the second, it is another one.
std::string AppMetricsProbe::labelled(const std::string& name) const {
    return options_.name == AppMetricsOptions().name ? name
                                                     : fmt::format("{} ({})", name, options_.name);
}

Result<Reading> AppMetricsProbe::read(Clock::time_point deadline) {
    const Clock::time_point from = Clock::now();
    const auto response = fetch(deadline);
    if (!response) {
        return response.error();
    }
    Reading reading;
    reading.took = Clock::now() - from;
    reading.at = from + reading.took / 2;
    const auto page = page_in(response->body);
    if (!page) {
        return page.error();
    }
    for (const auto& [key, figures] : *page) {
        const auto& [group, name] = key;
        for (std::uint32_t i = 0; i < kAppFigures; ++i) {
            if (figures.values[i]) {
                std::vector<std::string> labels;
                if (group != AppGroup::Process) {
                    labels.push_back(labelled(name));
                }
                reading.values.push_back({i, std::move(labels), *figures.values[i]});
            }
        }
    }
    return reading;
}

}  // namespace

Result<ProbePtr> make_app_metrics_probe(AppMetricsOptions options) {
    auto url = parse_url(options.url);
    if (!url || url->scheme == Url::Scheme::Unix) {
        return Error{url ? "must be an http or https URL" : url.error().what, options.name,
                     "e.g. http://127.0.0.1:8080/metrics"};
    }
    auto mappings = parse_mappings(options.map);
    if (!mappings) {
        return mappings.error();
    }
    HttpClientOptions http;
    http.max_response_bytes = kLongestAnswer;
    http.verify_tls = options.verify_tls;
    auto client = HttpClient::create(*url, http);
    if (!client) {
        return client.error();
    }
    return ProbePtr(std::make_unique<AppMetricsProbe>(std::move(options), std::move(*url),
                                                      std::move(*client), std::move(*mappings)));
}

}  // namespace plimsoll
