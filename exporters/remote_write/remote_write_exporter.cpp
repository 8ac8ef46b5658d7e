#include "exporters/remote_write/remote_write_exporter.hpp"

#include "signal/deliveries.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr Nanoseconds kEndSeenFor = 2s;
constexpr std::string_view kWritten = "X-Prometheus-Remote-Write-{}-Written";

/// What the other side says that it wrote; nothing where it does not say.
std::optional<std::uint64_t> written(const HttpResponse& reply) {
    std::optional<std::uint64_t> sum;
    for (const char* what : {"Samples", "Histograms"}) {
        const std::string* text =
            find_header(reply.headers, fmt::format(fmt::runtime(kWritten), what));
        std::uint64_t count = 0;
        if (text != nullptr &&
            std::from_chars(text->data(), text->data() + text->size(), count).ec == std::errc()) {
            sum = sum.value_or(0) + count;
        }
    }
    return sum;
}

HttpRequest request_of(const Url& endpoint, const WriteBatch& batch, int version) {
    HttpRequest out;
    out.method = "POST";
    out.target = endpoint.target;
    out.headers = {{"Content-Type",
                    version == 2 ? "application/x-protobuf;proto=io.prometheus.write.v2.Request"
                                 : "application/x-protobuf"},
                   {"Content-Encoding", "snappy"},
                   {"X-Prometheus-Remote-Write-Version", version == 2 ? "2.0.0" : "0.1.0"},
                   {"User-Agent", "plimsoll"}};
    out.body = snappy_block(version == 2 ? encode_v2(batch) : encode_v1(batch));
    return out;
}

}  // namespace

DeliveryAnswer judge_remote_write(const HttpResponse& reply, int version, bool settled,
                                  std::uint64_t samples) {
    using Kind = DeliveryAnswer::Kind;
    DeliveryAnswer answer = judge_by_status(reply);
    const auto count = written(reply);
    if (version != 2 || answer.kind == Kind::Later) {
        return answer;
    }
    if (!count) {
        // An old receiver reads a 2.0 request as one of 1.0 without series, and says 2xx, or finds
        // fault with it.
        const bool old = answer.kind == Kind::Taken || reply.status == 415 || !settled;
        if (old) {
            return {settled ? Kind::Refused : Kind::Again, 0,
                    fmt::format("HTTP status {}, and not how much was written: remote write 2.0 is "
                                "not spoken there",
                                reply.status)};
        }
        return answer;
    }
    const std::uint64_t rejected = samples - std::min(samples, *count);
    if (rejected == 0) {
        return {Kind::Taken, 0, {}};
    }
    if (answer.why.empty()) {
        answer.why = fmt::format("{} of {} samples were not written", rejected, samples);
    }
    return {Kind::Taken, rejected, std::move(answer.why)};
}

/// Used by the sender's thread alone.
struct RemoteWriteExporter::Dialect {
    int version = 2;
    bool settled = false;
    std::uint64_t samples = 0;  // in the request under way

    DeliveryAnswer judge(const HttpResponse& reply) {
        DeliveryAnswer answer = judge_remote_write(reply, version, settled, samples);
        if (answer.kind == DeliveryAnswer::Kind::Again) {
            version = 1;
            answer.why.clear();  // nothing went wrong
        }
        settled = settled || version == 1 || written(reply).has_value();
        return answer;
    }
};

RemoteWriteExporter::RemoteWriteExporter(RemoteWriteOptions options, HttpTransport transport)
    : MetricExporter("remote-write"),
      options_(std::move(options)),
      dialect_(std::make_shared<Dialect>()),
      delivery_({.what = "samples",
                 .access = options_.access,
                 .timeout = options_.timeout,
                 .first_wait = options_.first_wait,
                 .give_up_after = options_.give_up_after,
                 .most_items = options_.most_waiting,
                 .wait_for_room = options_.wait_for_room},
                std::move(transport),
                [dialect = dialect_](const HttpResponse& reply) { return dialect->judge(reply); }) {
    using Version = RemoteWriteOptions::Version;
    dialect_->version = options_.version == Version::V1 ? 1 : 2;
    dialect_->settled = options_.version != Version::Automatic;
}

RemoteWriteExporter::~RemoteWriteExporter() = default;

Result<std::unique_ptr<RemoteWriteExporter>> RemoteWriteExporter::make(RemoteWriteOptions options) {
    auto transport = http_transport(options.access);
    if (!transport) {
        return transport.error();
    }
    return std::unique_ptr<RemoteWriteExporter>(
        new RemoteWriteExporter(std::move(options), *std::move(transport)));
}

Status RemoteWriteExporter::open() {
    const RunInfo& run = state()->run();
    PrometheusLabels labels = options_.labels;
    for (auto& [name, value] : labels) {
        if (name == "instance" && !run.segment.is_whole()) {
            // The others of this run may be on the same host.
            value += fmt::format("/{}", run.segment.number);
        }
    }
    book_.emplace(run, options_.form, std::move(labels));
    return {};
}

void RemoteWriteExporter::on_tick() {
    const bool last = state()->view().snapshot->last;
    if (last || sent_at_ == Clock::time_point::min() ||
        ticked_at() - sent_at_ >= options_.interval) {
        send_frame(ticked_at());
    }
}

void RemoteWriteExporter::on_judged() {
    send_frame(ticked_at());
}

void RemoteWriteExporter::send_frame(Clock::time_point at) {
    // A series has one value a millisecond.
    at = sent_at_ == Clock::time_point::min() ? at : std::max(at, sent_at_ + 1ms);
    send(book_->points(state()->frame()), at);
}

void RemoteWriteExporter::send(std::vector<WritePoint> points, Clock::time_point at) {
    sent_at_ = at;
    const auto ms = [&](WallClock::time_point time) {
        return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
    };
    const WallAnchor& start = state()->run().start;
    const auto& metrics = book_->metrics();
    for (std::size_t from = 0; from < points.size(); from += options_.most_in_request) {
        const std::size_t to = std::min(points.size(), from + options_.most_in_request);
        auto batch = std::make_shared<WriteBatch>();
        batch->at_ms = ms(start.to_wall(at));
        batch->created_ms = ms(start.wall);
        batch->points.assign(
            std::make_move_iterator(points.begin() + static_cast<std::ptrdiff_t>(from)),
            std::make_move_iterator(points.begin() + static_cast<std::ptrdiff_t>(to)));
        batch->metrics.assign(metrics.begin() + static_cast<std::ptrdiff_t>(told_metrics_),
                              metrics.end());
        told_metrics_ = metrics.size();
        const std::uint64_t samples = batch->points.size();
        delivery_.push({[batch, samples, dialect = dialect_, endpoint = options_.access.endpoint] {
                            dialect->samples = samples;
                            return request_of(endpoint, *batch, dialect->version);
                        },
                        samples});
    }
}

void RemoteWriteExporter::finish(Clock::time_point deadline) {
    if (book_ && sent_at_ != Clock::time_point::min()) {
        send(book_->end(), sent_at_ + kEndSeenFor);
        book_.reset();
    }
    delivery_.finish(deadline);
}

std::optional<Deliveries> RemoteWriteExporter::deliveries() const {
    return deliveries_of(delivery_.counts(), "samples");
}

}  // namespace plimsoll
