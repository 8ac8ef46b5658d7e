// Traces of sampled iterations to an OTLP/HTTP collector.
#pragma once

#include "exporters/otlp/otlp_encode.hpp"
#include "exporters/otlp/otlp_http.hpp"
#include "exporters/otlp/otlp_options.hpp"
#include "signal/exporter.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace plimsoll {

/// What became of the spans. All that were encoded are in exactly one of the first four, or wait.
struct OtlpStats {
    std::uint64_t sent = 0;      // accepted
    std::uint64_t rejected = 0;  // by the collector, within an accepted batch (partial_success)
    std::uint64_t refused = 0;   // in batches that were refused
    std::uint64_t failed = 0;    // in batches that were refused, or given up after retries
    std::uint64_t dropped = 0;   // the queue was full, or the run ended before they were sent
    std::uint64_t waiting = 0;
    std::uint64_t batches = 0;  // accepted
    std::uint64_t retries = 0;
    std::uint64_t untraced = 0;         // dropped by the engine: more than it keeps in a tick
    std::uint64_t records_dropped = 0;  // snapshots and the like that never reached us
    std::string last_error;             // for people; empty when all went well
};

/// How the exporter knows the time and waits.
struct OtlpTime {
    std::function<Clock::time_point()> now = [] { return Clock::now(); };
    std::function<void(Nanoseconds)> sleep;  // default: this thread sleeps
};

/// Takes the traces of each snapshot, encodes them, and sends them in batches of at most 512 spans
/// that are never older than a second before their first try. A batch that fails with 429, 502, 503
/// or 504, or gets no reply, is tried again after what Retry-After says or a growing wait, for a
/// minute at most; spans wait behind it, 16,384 at most. Every other failure is final: such a batch
/// would be refused again. Nothing that goes wrong here stops the run.
///
/// Threading: the Exporter calls come from one thread, which also sends; a retry never waits inside
/// a call but in `finish`. `stats` may be called from any thread.
class OtlpExporter final : public Exporter {
public:
    OtlpExporter(OtlpOptions options, HttpTransport transport, OtlpTime time = {});
    ~OtlpExporter() override;
    OtlpExporter(const OtlpExporter&) = delete;
    OtlpExporter& operator=(const OtlpExporter&) = delete;

    [[nodiscard]] std::string name() const override { return "otlp"; }
    /// Never fails: a collector may come up later than the run.
    [[nodiscard]] Status start(const RunInfo& run, std::span<const ProbeInfo> probes) override;
    void on_snapshot(const SnapshotPtr& snapshot) override;
    /// Only a chance to try again what waits.
    void on_reading(std::size_t probe, const Reading& reading, const ProbeHealth& health) override;
    void on_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) override;
    void on_event(const Event& event) override;
    void on_dropped(std::uint64_t total) override;
    /// In spans. Those in batches that were refused are rejected; those given up after retries,
    /// left at the end, or dropped by the engine for want of room, are dropped.
    [[nodiscard]] std::optional<Deliveries> deliveries() const override;
    /// Sends what waits, retries included; at `deadline` the rest counts as dropped.
    void finish(Clock::time_point deadline) override;

    [[nodiscard]] OtlpStats stats() const;

private:
    struct Batch {
        HttpRequest request;
        std::size_t spans = 0;
        unsigned attempts = 0;
        Clock::time_point first_try;
        Clock::time_point next_try;
    };

    void queue(const IterationTrace& trace);
    /// Sends what is ripe, or all with `flush`, until nothing is or a retry has to wait.
    void pump(Clock::time_point deadline, bool flush);
    void cut_batch();
    void try_batch(Clock::time_point deadline);
    void settle(const HttpResponse& reply);
    void retry_later(std::string why, std::optional<Nanoseconds> asked);
    void give_up(std::string why, bool refused);
    void count(std::uint64_t OtlpStats::*what, std::uint64_t n);
    void note_error(std::string why);

    OtlpOptions options_;
    HttpTransport transport_;
    OtlpTime time_;
    std::optional<SpanEncoder> encoder_;
    TraceOrigin origin_;
    std::uint64_t seed_ = 0;
    std::deque<std::string> waiting_;  // encoded spans
    Clock::time_point oldest_;         // of `waiting_`
    std::optional<Batch> batch_;       // the one being tried

    mutable std::mutex mutex_;
    OtlpStats stats_;  // under mutex_
};

/// With a transport of its own. Error: the CA file cannot be read.
[[nodiscard]] Result<std::unique_ptr<OtlpExporter>> make_otlp_exporter(OtlpOptions options);

}  // namespace plimsoll
