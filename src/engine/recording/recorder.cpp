#include "engine/recording/recorder.hpp"

#include "scenario/redact.hpp"
#include "scenario/secret_text.hpp"

#include <algorithm>
#include <cctype>

namespace plimsoll {
namespace {

constexpr std::size_t kErrorsKept = 64;    // different fingerprints per shard and tick
constexpr std::size_t kTracesKept = 1000;  // iterations per shard and tick
constexpr std::size_t kTextKept = 512;

bool is_hex(char c) {
    return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}
bool is_digit(char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

}  // namespace

Recorder::Recorder(std::uint32_t shard, std::size_t endpoints, Clock::time_point start,
                   Nanoseconds tick, IntervalSink sink, std::size_t groups, std::size_t checks,
                   std::uint32_t shards)
    : shard_(shard),
      endpoints_(endpoints),
      groups_(groups),
      checks_(checks),
      tick_length_(tick),
      sink_(std::move(sink)),
      kept_(shards),
      begin_(start),
      end_(start + tick),
      integrated_to_(start),
      cpu_at_begin_(thread_cpu_time()) {
    fresh_interval(nullptr);
}

void Recorder::fresh_interval(std::unique_ptr<Interval> reused) {
    interval_ = reused ? std::move(reused) : std::make_unique<Interval>();
    interval_->clear();
    interval_->shard = shard_;
    interval_->tick = tick_;
    interval_->endpoints.resize(endpoints_);
    interval_->groups.resize(groups_);
    interval_->checks.resize(checks_);
}

void Recorder::hand_over(Clock::time_point end, bool last) {
    integrate(std::max(end, integrated_to_));
    const double length_ns = std::max(1.0, static_cast<double>((end - begin_).count()));
    const Nanoseconds cpu = thread_cpu_time() - polled_;
    ShardState& state = interval_->state;
    state.in_flight = in_flight_;
    state.users = levels.users;
    state.users_max = levels.users_max;
    state.connections_open = levels.connections_open;
    state.in_flight_mean = in_flight_area_ns_ / length_ns;
    state.cpu_ratio = cpu_ratio(end, cpu, last);
    interval_->parts = parts;
    interval_->phases[RequestPhase::Send].record_n({}, responses_ - sends_);
    interval_->phases[RequestPhase::Receive].record_n({}, responses_ - receives_);
    responses_ = sends_ = receives_ = 0;
    kept_.hand_over(interval_->traces);
    interval_->to = end;
    interval_->last = last;
    cpu_before_ = cpu_at_begin_;
    cpu_at_begin_ = cpu;
    in_flight_area_ns_ = 0;
    auto reused = sink_(std::move(interval_));
    if (!last) {
        ++tick_;
        begin_ = end;
        end_ = end + tick_length_;
        fresh_interval(std::move(reused));
    }
}

double Recorder::cpu_ratio(Clock::time_point end, Nanoseconds cpu, bool last) const {
    // Of a last tick that may be no more than the closing of the connections: with the whole one
    // before it.
    const bool joined = last && tick_ > 0;
    const Nanoseconds used = cpu - (joined ? cpu_before_ : cpu_at_begin_);
    const Nanoseconds length = end - begin_ + (joined ? tick_length_ : Nanoseconds());
    const double wall_ns = std::max(1.0, static_cast<double>(length.count()));
    return std::clamp(static_cast<double>(used.count()) / wall_ns, 0.0, 1.0);
}

void Recorder::record_opening(const PhaseTimes& times) {
    const auto record_some = [&](RequestPhase phase, Nanoseconds time) {
        if (time.count() != 0) {
            interval_->phases[phase].record(time);
        }
    };
    record_some(RequestPhase::Dns, times.dns);
    record_some(RequestPhase::Connect, times.connect);
    record_some(RequestPhase::Tls, times.tls);
}

void Recorder::roll_to(Clock::time_point now) {
    while (now >= end_) {
        hand_over(end_, false);
    }
}

void Recorder::finish(Clock::time_point now) {
    roll_to(now);
    hand_over(std::max({now, begin_, integrated_to_}), true);
}

std::string Recorder::masked_text(std::string_view text) const {
    std::string masked = mask_secrets(text);
    return secrets_ == nullptr ? masked : mask_values(std::move(masked), *secrets_);
}

void Recorder::record_error(const Sample& sample, std::string_view text) {
    const std::uint64_t print = fingerprint(text);
    auto& errors = interval_->errors;
    const auto known = std::find_if(errors.begin(), errors.end(), [&](const ErrorSample& each) {
        return each.fingerprint == print && each.endpoint == sample.endpoint &&
               each.outcome == sample.outcome && each.status == sample.status;
    });
    if (known != errors.end()) {
        ++known->count;
        return;
    }
    if (errors.size() >= kErrorsKept) {
        ++interval_->counts.errors_unsampled;
        return;
    }
    errors.push_back({sample.completed, sample.endpoint, sample.status, sample.outcome, print,
                      masked_text(text).substr(0, kTextKept), 1});
}

void Recorder::record_group(std::uint32_t group, Nanoseconds duration, GroupEnd how,
                            Clock::time_point now) {
    roll_if_due(now);
    GroupStats& stats = interval_->groups[group];
    ++stats.count;
    stats.failed += how.failed ? 1U : 0U;
    stats.duration.record(duration);
    if (how.censored) {
        stats.censored.record(duration);
    }
}

void Recorder::record_trace(IterationTrace&& trace) {
    if (interval_->traces.size() >= kTracesKept) {
        interval_->counts.spans_dropped += 1 + trace.requests.size();
        return;
    }
    interval_->traces.push_back(std::move(trace));
}

std::uint64_t fingerprint(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    const auto add = [&](char c) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    };
    for (std::size_t i = 0; i < text.size();) {
        std::size_t hex_end = i;
        while (hex_end < text.size() && is_hex(text[hex_end])) {
            ++hex_end;
        }
        if (hex_end - i >= 8) {
            add('#');
            i = hex_end;
        } else if (is_digit(text[i])) {
            while (i < text.size() && is_digit(text[i])) {
                ++i;
            }
            add('#');
        } else {
            add(text[i++]);
        }
    }
    return hash;
}

}  // namespace plimsoll
