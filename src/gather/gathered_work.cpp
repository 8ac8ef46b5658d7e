// What the gathered load's own thread does: answer segments, keep what they send, merge, publish.
#include "gather/gathered_load.hpp"
#include "net/url_text.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::chrono::milliseconds kIdle{500};
// Of ticks that come all at once, after a gap: exporters have queues.
constexpr std::size_t kMostAtOnce = 64;

HttpResponse said(int status, const std::string& json) {
    return make_response(status, "application/json", json + '\n');
}

std::optional<std::int64_t> number_in(const HttpRequest& request, std::string_view name) {
    const auto text = query_value(request, name);
    std::int64_t value = 0;
    if (!text) {
        return std::nullopt;
    }
    const char* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, value);
    return read.ec == std::errc{} && read.ptr == end ? std::optional(value) : std::nullopt;
}

}  // namespace

void GatheredLoad::work() {
    while (!stopping_) {
        auto job = desk_.take(next_look(Clock::now()));
        News news;
        {
            const std::lock_guard lock(mutex_);
            if (job) {
                HttpResponse response = answer(job->request, news);
                job->responder.send(std::move(response));
            }
            look_around(Clock::now(), news);
        }
        say(std::move(news));
    }
}

Clock::time_point GatheredLoad::next_look(Clock::time_point now) const {
    const std::lock_guard lock(mutex_);
    const auto late = merge_ && publish_ ? merge_->wake_at() : std::nullopt;
    return std::clamp(late.value_or(now + kIdle), now, now + kIdle);
}

void GatheredLoad::say(News&& news) {
    for (const Event& event : news.events) {
        context_.announce(event);
    }
    for (const SnapshotPtr& snapshot : news.snapshots) {
        publish_(snapshot);
    }
    const std::lock_guard lock(mutex_);
    finished_ = finished_ || (merge_ && publish_ && merge_->finished() && roll_.all_over());
}

HttpResponse GatheredLoad::answer(const HttpRequest& request, News& news) {
    return request.path() == kHelloPath ? answer_hello(request) : answer_rows(request, news);
}

HttpResponse GatheredLoad::answer_hello(const HttpRequest& request) {
    const auto hello = read_hello(request.body);
    if (!hello) {
        return said(400, error_json(hello.error().to_string()));
    }
    if (refused_) {
        return said(410, error_json(*refused_));
    }
    if (const Status in = roll_.hello(*hello, Clock::now()); !in) {
        std::string sentence = in.error().to_string();
        if (std::find(said_refusals_.begin(), said_refusals_.end(), sentence) ==
            said_refusals_.end()) {
            said_refusals_.push_back(sentence);
        }
        return said(409, error_json(sentence));
    }
    return said(200, to_json(orders_for(hello->segment.number)));
}

Orders GatheredLoad::orders_for(std::uint32_t number) const {
    Orders orders = orders_;
    const auto file = files_.find(number);
    orders.have = file == files_.end() ? Orders::kNoFile : file->second->last_tick();
    return orders;
}

HttpResponse GatheredLoad::answer_rows(const HttpRequest& request, News& news) {
    const auto segment = number_in(request, "segment");
    const auto run = query_value(request, "run");
    const auto kind = query_value(request, "kind");
    if (!segment || *segment < 1 || *segment > options_.segments || !run || !kind) {
        return said(400, error_json("asks for ?segment=I&run=ID&kind=begin|ticks|end"));
    }
    const auto number = static_cast<std::uint32_t>(*segment);
    if (!merge_) {
        return said(503, error_json("not yet: the run has not begun"));
    }
    // A gather that was restarted before it had anything of this one.
    const auto state = roll_.entry(number).state;
    if (begun_ && state == SegmentRoll::State::Absent && *kind == "begin") {
        roll_.restore(number, *run, 0, false, Clock::now());
    }
    if (const Status known = roll_.rows(number, *run, Clock::now()); !known) {
        return said(409, error_json(known.error().to_string()));
    }
    if (state != SegmentRoll::State::Ended) {
        if (closed_) {
            return said(410, error_json("the run is over: what it lacks, merge adds"));
        }
        if (const Status kept = keep(number, *kind, request, news); !kept) {
            return said(400, error_json(kept.error().to_string()));
        }
    }
    return said(200, to_json(orders_for(number)));
}

Status GatheredLoad::keep(std::uint32_t number, std::string_view kind, const HttpRequest& request,
                          News& news) {
    auto file = files_.find(number);
    if (kind == "begin") {
        if (file != files_.end()) {
            return {};
        }
        auto made = SegmentFile::create(file_of(number), request.body);
        if (!made) {
            return made.error();
        }
        files_[number] = *std::move(made);
        return {};
    }
    if (file == files_.end()) {
        return {};  // the answer says that it must begin anew
    }
    if (!request.body.empty()) {
        auto fresh = file->second->take(request.body);
        if (!fresh) {
            return fresh.error();
        }
        take_news(number, *std::move(fresh), news);
    }
    const auto over =
        kind == "end" ? std::optional(file->second->last_tick()) : number_in(request, "over");
    if (over) {
        merge_->over(number - 1, *over);
    }
    if (kind == "end") {
        roll_.end(number);
        if (const auto early = query_value(request, "early"); early && !early->empty()) {
            news.events.push_back(
                {Clock::now(), EventKind::Note,
                 fmt::format("{} ended early: {}", segment_name(number, options_.segments),
                             early->substr(0, 200))});
        }
    }
    return {};
}

void GatheredLoad::take_news(std::uint32_t number, SegmentNews&& fresh, News& news) {
    const std::string name = segment_name(number, options_.segments);
    const auto offset = context_.run.start.mono.time_since_epoch();
    for (Event& event : fresh.events) {
        // Stages change everywhere at once, and are told of the whole run.
        if (event.kind != EventKind::StageChanged) {
            news.events.push_back(
                {event.at + offset, event.kind, fmt::format("{}: {}", name, event.text)});
        }
    }
    for (ErrorSample& error : fresh.errors) {
        error.at += offset;
        errors_.push_back(std::move(error));
    }
    for (StoredTick& tick : fresh.ticks) {
        merge_->add(number - 1, std::move(tick));
    }
}

void GatheredLoad::look_around(Clock::time_point now, News& news) {
    if (!merge_ || !publish_ || closed_) {
        return;
    }
    for (const std::uint32_t number : roll_.found()) {
        merge_->find(number - 1);
        news.events.push_back(
            {now, EventKind::Note, segment_name(number, options_.segments) + " is heard of again"});
    }
    for (const std::uint32_t number : roll_.lose(now, options_.lost)) {
        merge_->lose(number - 1);
        news.events.push_back(
            {now, EventKind::Note,
             fmt::format("{} is lost: no word of it for {:.0f} s; {:.0f} % of the load is missing "
                         "from here on",
                         segment_name(number, options_.segments), to_seconds(options_.lost),
                         100 * share_missing(1))});
    }
    merge(now, news);
}

void GatheredLoad::merge(Clock::time_point now, News& news) {
    while (news.snapshots.size() < kMostAtOnce) {
        auto merged = merge_->next(now);
        if (!merged) {
            return;
        }
        tell_late(*merged, news);
        merged->snapshot->errors = std::exchange(errors_, {});
        news.snapshots.push_back(std::move(merged->snapshot));
    }
    desk_.wake();  // the rest, once these are told
}

/// Each time that somebody falls behind, or has caught up: not at every tick.
void GatheredLoad::tell_late(const LiveMerge::Merged& merged, News& news) {
    const std::uint64_t tick = merged.snapshot->tick;
    const auto at = [&](std::uint64_t number) {
        return to_seconds(context_.run.tick * static_cast<std::int64_t>(number));
    };
    late_ticks_ += merged.missing.empty() ? 0U : 1U;
    for (std::uint32_t number = 1; number <= options_.segments; ++number) {
        const bool missing = std::find(merged.missing.begin(), merged.missing.end(), number - 1) !=
                             merged.missing.end();
        const auto known = late_since_.find(number);
        const std::string name = segment_name(number, options_.segments);
        if (missing && known == late_since_.end()) {
            late_since_[number] = tick;
            news.events.push_back(
                {merged.snapshot->from, EventKind::Note,
                 fmt::format(
                     "{} is late: {:.0f} % of the load is missing in the figures from {:.0f} "
                     "s on",
                     name, 100 * share_missing(merged.missing.size()), at(tick))});
        } else if (!missing && known != late_since_.end()) {
            news.events.push_back(
                {merged.snapshot->from, EventKind::Note,
                 fmt::format("{} is on time again; its part is missing from {:.0f} s to {:.0f} s{}",
                             name, at(known->second), at(tick), ", until it comes after all")});
            late_since_.erase(known);
        }
    }
}

}  // namespace plimsoll
