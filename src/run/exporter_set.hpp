// All the exporters of one run, each behind its queue and thread.
#pragma once

#include "base/result.hpp"
#include "exporters/prometheus/run_verdict.hpp"
#include "exporters/prometheus/scrape_log.hpp"
#include "signal/exporter_worker.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

class PrometheusExporter;
class RunFileWriter;

struct ExporterPlan {
    std::filesystem::path run_file;
    std::optional<std::pair<std::string, std::uint16_t>> prometheus;  // address, port
    std::filesystem::path json;                                       // empty: none
    ExporterPtr otlp;                                                 // null: none
    std::function<RunVerdict()> verdict;                              // asked by scraping threads
};

/// Threading: the pushes from any thread between `start` and the end; the rest from the run's own.
class ExporterSet {
public:
    explicit ExporterSet(ExporterPlan plan);
    /// Ends the endpoint first: a scrape asks all the others what they dropped.
    ~ExporterSet();
    ExporterSet(const ExporterSet&) = delete;
    ExporterSet& operator=(const ExporterSet&) = delete;

    struct Refusal {
        Error error;
        bool port = false;  // it is the metrics endpoint's
    };
    /// First those that can find their port or file not to be had: then no run file is left without
    /// a run. Nothing: all of them run.
    [[nodiscard]] std::optional<Refusal> start(const RunInfo& run,
                                               const std::vector<ProbeInfo>& probes);

    void push_snapshot(const SnapshotPtr& snapshot);
    void push_reading(std::size_t probe, const Reading& reading, const ProbeHealth& health);
    void push_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health);
    void push_event(const Event& event);

    /// Ends all but the metrics endpoint. The names of those that did not finish in time.
    [[nodiscard]] std::vector<std::string> finish();
    /// Ends that, too; the same.
    std::vector<std::string> close_endpoint();

    /// The exporters' counts, by name.
    [[nodiscard]] std::vector<std::pair<std::string, Deliveries>> deliveries() const;
    /// The same as facts of a run file.
    [[nodiscard]] std::map<std::string, std::string> delivery_facts() const;

    [[nodiscard]] RunFileWriter& run_file() { return *run_file_; }
    /// Where metrics are served; empty: nowhere.
    [[nodiscard]] std::string endpoint() const;
    [[nodiscard]] Scrapes scrapes() const;
    /// The probes read no more.
    void end_probes();

private:
    std::vector<std::unique_ptr<ExporterWorker>> workers_;
    RunFileWriter* run_file_ = nullptr;
    ExporterWorker* run_file_worker_ = nullptr;
    PrometheusExporter* prometheus_ = nullptr;
    ExporterWorker* endpoint_ = nullptr;
};

}  // namespace plimsoll
