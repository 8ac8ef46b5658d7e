// What a segment's sending thread does.
#include "base/log.hpp"
#include "gather/segment_sender.hpp"
#include "net/url_text.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// A tick is in the run file some milliseconds after it has ended.
constexpr std::chrono::milliseconds kAfterTick{30};
// Without a tick a word is said so often: it is answered with the gather's orders.
constexpr std::chrono::milliseconds kHeartbeat{500};
constexpr std::chrono::milliseconds kFirstBackOff{100};
constexpr std::chrono::milliseconds kLongestBackOff{2000};
constexpr std::chrono::seconds kBetweenClocks{10};
constexpr int kExchanges = 4;

}  // namespace

void SegmentSender::work() {
    Nanoseconds back_off = kFirstBackOff;
    auto next = Clock::now();
    std::optional<std::uint64_t> seen;
    for (;;) {
        bool over = false;
        bool fresh = false;
        {
            std::unique_lock lock(mutex_);
            const auto wake = [&] { return stopping_ || load_over_ || newest_ != seen; };
            auto until = next;
            for (const LevelOrder& level : due_levels_) {
                const std::lock_guard clock(clock_mutex_);
                until = std::min(until, clock_.here(level.at));
            }
            if (trouble_.empty()) {
                changed_.wait_until(lock, until, wake);
            } else {
                changed_.wait_until(lock, until, [&] { return stopping_; });
            }
            if (stopping_) {
                return;
            }
            fresh = newest_ != seen;
            if (fresh && trouble_.empty() && !load_over_) {
                changed_.wait_for(lock, kAfterTick, [&] { return stopping_ || load_over_; });
            }
            seen = newest_;
            over = load_over_;
        }
        set_due_levels();
        const bool waits = !trouble_.empty() || (!fresh && !over);
        if (waits && Clock::now() < next) {
            continue;
        }
        const bool taken = send_round();
        if (taken && Clock::now() - clock_asked_ >= kBetweenClocks) {
            ask_clock(kExchanges);
            clock_asked_ = Clock::now();
        }
        back_off = taken ? Nanoseconds(kFirstBackOff)
                         : std::min<Nanoseconds>(back_off * 2, kLongestBackOff);
        next = Clock::now() + (taken ? Nanoseconds(kHeartbeat) : back_off);
        if (ended_ || refused_) {
            const std::lock_guard lock(mutex_);
            done_ = true;
            changed_.notify_all();
            return;
        }
    }
}

std::string SegmentSender::rows_target(const char* kind) const {
    std::string target = fmt::format("{}?segment={}&run={}&kind={}", kRowsPath, run_.segment.number,
                                     percent_encoded(run_.id), kind);
    const std::lock_guard lock(mutex_);
    if (last_) {
        target += fmt::format("&over={}", *last_);
    }
    return target;
}

bool SegmentSender::send_round() {
    if (have_ == Orders::kNoFile && !send_begin()) {
        return false;
    }
    if (!send_rows()) {
        return false;
    }
    bool over = false;
    {
        const std::lock_guard lock(mutex_);
        over = load_over_;
    }
    return !over || send_end();
}

bool SegmentSender::send_begin() {
    const auto stream = RunStream::open(run_file_);
    const auto rows = stream ? stream->fixed() : Result<std::string>(stream.error());
    if (!rows) {
        trouble_ = rows.error().to_string();
        return false;
    }
    return heed(post(rows_target("begin"), *rows)) && have_ != Orders::kNoFile;
}

/// All that there is, a batch at a time; at least one request.
bool SegmentSender::send_rows() {
    for (;;) {
        if (position_.tick != have_) {
            position_ = StreamPosition();
            position_.tick = have_;
        }
        StreamPosition behind = position_;
        std::string rows;
        {
            auto stream = RunStream::open(run_file_);
            auto read = stream ? stream->next(behind, kMostBatch_bytes)
                               : Result<std::string>(stream.error());
            if (!read) {
                trouble_ = read.error().to_string();
                return false;
            }
            rows = *std::move(read);
        }
        const bool more = !rows.empty();
        if (!heed(post(rows_target("ticks"), std::move(rows)))) {
            return false;
        }
        if (have_ == behind.tick) {
            position_ = behind;
        }
        if (!more) {
            return true;
        }
        if (have_ == Orders::kNoFile) {
            return false;  // it has lost what it had
        }
    }
}

bool SegmentSender::send_end() {
    std::string early;
    {
        const std::lock_guard lock(mutex_);
        early = early_;
    }
    StreamPosition behind = position_;
    const auto stream = RunStream::open(run_file_);
    const auto rows = stream ? stream->rest(behind) : Result<std::string>(stream.error());
    if (!rows) {
        trouble_ = rows.error().to_string();
        return false;
    }
    ended_ = heed(post(rows_target("end") + "&early=" + percent_encoded(early), *rows));
    return ended_;
}

/// Takes an answer. False: what was sent was not taken.
bool SegmentSender::heed(const Answer& answer) {
    const auto orders =
        answer.status == 200 ? read_orders(answer.text) : Result<Orders>(Error{answer.text});
    if (orders) {
        trouble_.clear();
        have_ = orders->have;
        carry_out(*orders);
        return true;
    }
    const std::string why = answer.status == 0 ? answer.text : read_error(answer.text);
    if (trouble_.empty()) {
        spdlog::info("gather does not answer reason=\"{}\"; the load goes on", why);
    }
    trouble_ = why.empty() ? fmt::format("it answered {}", answer.status) : why;
    refused_ = refused_ || answer.status == 410;
    return false;
}

void SegmentSender::carry_out(const Orders& orders) {
    for (const LevelOrder& level : orders.levels) {
        if (level.number > levels_done_) {
            levels_done_ = level.number;
            due_levels_.push_back(level);
        }
    }
    if (orders.stop && !std::exchange(stop_done_, true)) {
        stops_->push({StopKind::Control, orders.why, false});
    }
    if (orders.abort && !std::exchange(abort_done_, true)) {
        stops_->push({StopKind::Control, orders.why, true});
    }
}

void SegmentSender::set_due_levels() {
    const auto now = Clock::now();
    for (auto level = due_levels_.begin(); level != due_levels_.end();) {
        Clock::time_point at;
        {
            const std::lock_guard lock(clock_mutex_);
            at = clock_.here(level->at);
        }
        if (at > now) {
            ++level;
            continue;
        }
        ControlRequest request;
        request.executor = run_.executors.at(level->executor).name;
        if (level->open) {
            request.rate = Rate::per_second(level->level);
        } else {
            request.vus = static_cast<std::uint32_t>(level->level);
        }
        if (const Status set = control_->apply(request, "the gather"); !set) {
            spdlog::warn("gather's level not set reason=\"{}\"", set.error().to_string());
        }
        level = due_levels_.erase(level);
    }
}

}  // namespace plimsoll
