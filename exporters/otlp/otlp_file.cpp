#include "exporters/otlp/otlp_file.hpp"

#include "base/output_file.hpp"
#include "exporters/otlp/otlp_exporter.hpp"
#include "exporters/otlp/otlp_json.hpp"
#include "exporters/otlp/otlp_logs.hpp"
#include "exporters/otlp/otlp_metrics.hpp"
#include "signal/capabilities.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <mutex>
#include <utility>

namespace plimsoll {
namespace {

/// Shared by the exporters' threads.
class JsonFile {
public:
    [[nodiscard]] Status open(const std::filesystem::path& path) {
        auto file = open_output(path);
        if (!file) {
            return file.error();
        }
        file_ = *std::move(file);
        return {};
    }
    /// 200, or 400 with why it was not written: that is not tried again.
    [[nodiscard]] HttpResponse write(OtlpSignal signal, const std::string& body) {
        const std::string line = otlp_json(signal, body) + "\n";
        const std::lock_guard lock(mutex_);
        const bool whole = file_ &&
                           std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
                           std::fflush(file_.get()) == 0;
        if (whole) {
            return make_response(200, "application/x-protobuf", "");
        }
        file_.reset();
        return make_response(400, "text/plain", "");
    }

private:
    std::mutex mutex_;
    OutputFile file_;
};

HttpTransport into(const std::shared_ptr<JsonFile>& file, OtlpSignal signal) {
    return [file, signal](const HttpRequest& request, Clock::time_point) -> Result<HttpResponse> {
        return file->write(signal, request.body);
    };
}

OtlpOptions for_file(OtlpOptions options) {
    options.gzip = false;
    options.headers.clear();
    options.endpoint = {};
    return options;
}

class OtlpFileExporter final : public Exporter,
                               public HearsVerdict,
                               public HearsDeliveries,
                               public HearsLoadEnd {
public:
    OtlpFileExporter(std::filesystem::path path, const OtlpOptions& options)
        : path_(std::move(path)),
          traces_(options, into(file_, OtlpSignal::Traces)),
          metrics_(options, into(file_, OtlpSignal::Metrics)),
          logs_(options, into(file_, OtlpSignal::Logs)) {}

    [[nodiscard]] std::string name() const override { return "otlp-file"; }
    [[nodiscard]] Status start(const RunInfo& run, std::span<const ProbeInfo> probes) override {
        if (Status opened = file_->open(path_); !opened) {
            return opened;
        }
        for (Exporter* each : all()) {
            if (Status started = each->start(run, probes); !started) {
                return started;
            }
        }
        return {};
    }
    void on_snapshot(const SnapshotPtr& snapshot) override {
        for (Exporter* each : all()) {
            each->on_snapshot(snapshot);
        }
    }
    void on_reading(std::size_t probe, const Reading& reading, const ProbeHealth& health) override {
        metrics_.on_reading(probe, reading, health);
    }
    void on_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) override {
        metrics_.on_gap(probe, gap, health);
        logs_.on_gap(probe, gap, health);
    }
    void on_event(const Event& event) override { logs_.on_event(event); }
    void on_dropped(std::uint64_t total) override { metrics_.on_dropped(total); }
    void on_verdict(const VerdictPtr& verdict) override {
        metrics_.on_verdict(verdict);
        logs_.on_verdict(verdict);
    }
    void on_deliveries(const ExporterCountsPtr& counts) override { metrics_.on_deliveries(counts); }
    void on_load_end() override {
        metrics_.on_load_end();
        logs_.on_load_end();
    }
    void finish(Clock::time_point deadline) override {
        for (Exporter* each : all()) {
            each->finish(deadline);
        }
    }
    [[nodiscard]] std::optional<Deliveries> deliveries() const override {
        Deliveries out;
        for (const auto& each : {traces_.deliveries(), metrics_.deliveries(), logs_.deliveries()}) {
            out.sent += each->sent;
            out.rejected += each->rejected;
            out.dropped += each->dropped;
            out.last_error = each->last_error.empty() ? out.last_error : each->last_error;
        }
        return out;
    }

private:
    [[nodiscard]] std::array<Exporter*, 3> all() { return {&traces_, &metrics_, &logs_}; }

    std::filesystem::path path_;
    std::shared_ptr<JsonFile> file_ = std::make_shared<JsonFile>();
    OtlpExporter traces_;
    OtlpMetricsExporter metrics_;
    OtlpLogsExporter logs_;
};

}  // namespace

ExporterPtr make_otlp_file_exporter(std::filesystem::path path, OtlpOptions options) {
    return std::make_unique<OtlpFileExporter>(std::move(path), for_file(std::move(options)));
}

}  // namespace plimsoll
