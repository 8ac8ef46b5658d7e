#include "exporters/otlp/otlp_exporter.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <iterator>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {

OtlpExporter::OtlpExporter(OtlpOptions options, HttpTransport transport, OtlpTime time)
    : options_(std::move(options)), transport_(std::move(transport)), time_(std::move(time)) {
    if (!time_.sleep) {
        time_.sleep = [](Nanoseconds time_to_sleep) { std::this_thread::sleep_for(time_to_sleep); };
    }
}

OtlpExporter::~OtlpExporter() = default;

Status OtlpExporter::start(const RunInfo& run, std::span<const ProbeInfo>) {
    encoder_.emplace(run, options_.sample);
    origin_ = trace_origin(run, options_.resource);
    seed_ = run.seed;
    return {};
}

void OtlpExporter::on_snapshot(const SnapshotPtr& snapshot) {
    if (options_.disabled) {
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        stats_.untraced = snapshot->total_counts.spans_dropped;
    }
    if (waiting_.empty()) {
        oldest_ = snapshot->from;
    }
    for (const IterationTrace& trace : snapshot->traces) {
        queue(trace);
    }
    pump(Clock::time_point::max(), snapshot->last);
}

void OtlpExporter::on_reading(std::size_t, const Reading&, const ProbeHealth&) {
    pump(Clock::time_point::max(), false);
}

void OtlpExporter::on_gap(std::size_t, const Gap&, const ProbeHealth&) {}
void OtlpExporter::on_event(const Event&) {}

void OtlpExporter::on_dropped(std::uint64_t total) {
    const std::lock_guard lock(mutex_);
    stats_.records_dropped = total;
}

void OtlpExporter::finish(Clock::time_point deadline) {
    pump(deadline, true);
    while (batch_ && batch_->next_try < deadline && time_.now() < deadline) {
        time_.sleep(std::max(Nanoseconds(0), batch_->next_try - time_.now()));
        pump(deadline, true);
    }
    const std::size_t left = waiting_.size() + (batch_ ? batch_->spans : 0);
    waiting_.clear();
    batch_.reset();
    if (left > 0) {
        count(&OtlpStats::dropped, left);
        spdlog::warn("traces left unsent at the end spans={} endpoint={}", left,
                     display(options_.endpoint));
    }
    const std::lock_guard lock(mutex_);
    stats_.waiting = 0;
}

std::optional<Deliveries> OtlpExporter::deliveries() const {
    const OtlpStats now = stats();
    return Deliveries{"spans",
                      now.sent,
                      now.retries,
                      now.rejected + now.refused,
                      now.dropped + now.failed - now.refused + now.untraced,
                      now.last_error,
                      true};
}

OtlpStats OtlpExporter::stats() const {
    const std::lock_guard lock(mutex_);
    return stats_;
}

void OtlpExporter::queue(const IterationTrace& trace) {
    for (std::string& span : encoder_->encode(trace)) {
        if (waiting_.size() >= options_.queue_spans) {
            count(&OtlpStats::dropped, 1);
        } else {
            waiting_.push_back(std::move(span));
        }
    }
}

void OtlpExporter::pump(Clock::time_point deadline, bool flush) {
    while (batch_ || !waiting_.empty()) {
        const Clock::time_point now = time_.now();
        const bool ripe =
            flush || waiting_.size() >= options_.batch_spans || now - oldest_ >= options_.batch_age;
        if (now >= deadline || (!batch_ && !ripe)) {
            break;
        }
        if (!batch_) {
            cut_batch();
        }
        if (now < batch_->next_try) {
            break;
        }
        try_batch(deadline);
    }
    const std::lock_guard lock(mutex_);
    stats_.waiting = waiting_.size() + (batch_ ? batch_->spans : 0);
}

void OtlpExporter::cut_batch() {
    const std::size_t spans = std::min(waiting_.size(), options_.batch_spans);
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(spans);
    const std::vector<std::string> cut(std::make_move_iterator(waiting_.begin()),
                                       std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    batch_.emplace();
    batch_->request = make_otlp_request(options_, encode_trace_request(origin_, cut));
    batch_->spans = spans;
    batch_->first_try = batch_->next_try = time_.now();
}

void OtlpExporter::try_batch(Clock::time_point deadline) {
    const Clock::time_point by = std::min(deadline, time_.now() + options_.timeout);
    count(&OtlpStats::retries, batch_->attempts > 0 ? 1 : 0);
    ++batch_->attempts;
    const auto reply = transport_(batch_->request, by);
    if (reply) {
        settle(*reply);
    } else {
        retry_later(reply.error().to_string(), std::nullopt);
    }
}

void OtlpExporter::settle(const HttpResponse& reply) {
    const std::string status = fmt::format("HTTP status {}", reply.status);
    switch (judge(reply.status)) {
        case OtlpVerdict::Accepted: {
            const PartialSuccess partial = read_partial_success(reply.body);
            const std::uint64_t rejected =
                std::min<std::uint64_t>(partial.rejected_spans, batch_->spans);
            count(&OtlpStats::sent, batch_->spans - rejected);
            count(&OtlpStats::rejected, rejected);
            count(&OtlpStats::batches, 1);
            if (rejected > 0) {
                note_error(fmt::format("{} spans rejected: {}", rejected, partial.message));
            }
            batch_.reset();
            break;
        }
        case OtlpVerdict::Retry:
            retry_later(status, asked_to_wait(reply));
            break;
        case OtlpVerdict::Refused: {
            const std::string message = read_error_message(reply.body);
            give_up(message.empty() ? status : status + ": " + message, true);
            break;
        }
    }
}

void OtlpExporter::retry_later(std::string why, std::optional<Nanoseconds> asked) {
    const Clock::time_point now = time_.now();
    const Nanoseconds wait = retry_wait(batch_->attempts - 1, asked, seed_);
    if (now + wait - batch_->first_try > options_.give_up_after) {
        give_up(fmt::format("given up after {} tries: {}", batch_->attempts, why), false);
        return;
    }
    batch_->next_try = now + wait;
    note_error(std::move(why));
}

void OtlpExporter::give_up(std::string why, bool refused) {
    count(&OtlpStats::failed, batch_->spans);
    count(&OtlpStats::refused, refused ? batch_->spans : 0);
    note_error(std::move(why));
    batch_.reset();
}

void OtlpExporter::count(std::uint64_t OtlpStats::*what, std::uint64_t n) {
    const std::lock_guard lock(mutex_);
    stats_.*what += n;
}

void OtlpExporter::note_error(std::string why) {
    std::string safe = safe_excerpt(why, options_.headers);
    const std::lock_guard lock(mutex_);
    if (safe != stats_.last_error) {  // not once per batch while the collector is away
        spdlog::warn("traces not delivered endpoint={} reason=\"{}\"", display(options_.endpoint),
                     safe);
    }
    stats_.last_error = std::move(safe);
}

Result<std::unique_ptr<OtlpExporter>> make_otlp_exporter(OtlpOptions options) {
    auto transport = http_transport(options);
    if (!transport) {
        return transport.error();
    }
    return std::make_unique<OtlpExporter>(std::move(options), std::move(transport).value());
}

}  // namespace plimsoll
