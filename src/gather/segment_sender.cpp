// Before and after the load; sender_work.cpp has what the sending thread does.
#include "gather/segment_sender.hpp"

#include "gather/segment_roll.hpp"
#include "net/url.hpp"
#include "store/environment.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::chrono::seconds kAnswerWithin{10};
constexpr std::chrono::seconds kClockWithin{2};
constexpr std::chrono::milliseconds kBetweenHellos{250};
constexpr std::chrono::seconds kBetweenTells{15};
constexpr int kFirstExchanges = 8;
constexpr int kMoreExchanges = 2;

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : "?";
}

}  // namespace

Result<std::unique_ptr<SegmentSender>> SegmentSender::create(SenderOptions options) {
    HttpClientOptions http;
    http.max_response_bytes = 1U << 20U;
    auto client = HttpClient::create(options.url, http);
    if (!client) {
        return client.error();
    }
    std::unique_ptr<SegmentSender> sender(new SegmentSender(std::move(options)));
    sender->client_.emplace(*std::move(client));
    return sender;
}

SegmentSender::~SegmentSender() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

SegmentSender::Answer SegmentSender::ask(HttpRequest request, Nanoseconds within) {
    if (!options_.token.empty()) {
        request.headers.push_back({"Authorization", "Bearer " + options_.token});
    }
    auto response = client_->send(request, Clock::now() + within);
    if (!response) {
        return {0, response.error().to_string()};
    }
    return {response->status, std::move(response->body)};
}

SegmentSender::Answer SegmentSender::post(const std::string& target, std::string body) {
    return ask({"POST", target, {{"Content-Type", "application/octet-stream"}}, std::move(body)},
               kAnswerWithin);
}

bool SegmentSender::ask_clock(int times) {
    for (int i = 0; i < times; ++i) {
        ClockExchange exchange;
        exchange.sent = Clock::now();
        const Answer answer = ask({"GET", kClockPath, {}, {}}, kClockWithin);
        exchange.received = Clock::now();
        std::int64_t ns = 0;
        const char* const end = answer.text.data() + answer.text.size();
        const auto read = std::from_chars(answer.text.data(), end, ns);
        if (answer.status != 200 || read.ec != std::errc{} || read.ptr != end) {
            return false;
        }
        exchange.there =
            WallClock::time_point(std::chrono::duration_cast<WallClock::duration>(Nanoseconds(ns)));
        const std::lock_guard lock(clock_mutex_);
        clock_.add(exchange);
    }
    return true;
}

/// The instant by our own clock.
StartTime SegmentSender::start_at(WallClock::time_point start) {
    ask_clock(kFirstExchanges);
    const WallAnchor now = WallAnchor::now();
    const std::lock_guard lock(clock_mutex_);
    if (!clock_.known()) {
        return NoStart{{"the gather's clock could not be read", options_.url, ""}, false};
    }
    const Clock::time_point here = clock_.here(start);
    start_offset_ = clock_.to_add(now);
    start_error_ = clock_.error();
    if (here <= now.mono) {
        return NoStart{{fmt::format("the start was {:.1f} s ago when it became known here",
                                    to_seconds(now.mono - here)),
                        options_.url, "is the gather too slow, or far away?"},
                       false};
    }
    return WallAnchor{here, now.to_wall(here)};
}

StartTime SegmentSender::wait_for_start(const Scenario& scenario, const RunInfo& run,
                                        StopQueue& stops,
                                        const std::function<void(std::string)>& tell) {
    run_ = run;
    Hello hello;
    hello.version = run.version;
    hello.segment = run.segment;
    hello.run_id = run.id;
    hello.scenario_sha256 = sha256_hex(run.scenario_text);
    hello.seed = run.seed;
    RunInfo whole = describe(scenario, Segment{});
    whole.tick = run.tick;
    hello.load = load_digest(whole);
    hello.shards = run.shards;
    hello.host = host_name();
    const auto began = Clock::now();
    auto told = began - kBetweenTells + std::chrono::seconds(2);
    for (;;) {
        const Answer answer = post(kHelloPath, to_json(hello));
        const auto now = Clock::now();
        if (answer.status == 401 || answer.status == 403 || answer.status == 404 ||
            answer.status == 409 || answer.status == 410) {
            return NoStart{{read_error(answer.text), options_.url, ""}, answer.status != 410};
        }
        const auto orders =
            answer.status == 200 ? read_orders(answer.text) : Result<Orders>(Error{answer.text});
        if (orders && orders->start) {
            return start_at(*orders->start);
        }
        if (orders) {
            ask_clock(kMoreExchanges);
        }
        if (now - began >= options_.barrier_wait) {
            return NoStart{
                {fmt::format("no start within {:.0f} s{}", to_seconds(options_.barrier_wait),
                             orders ? ": the gather waits for other segments"
                                    : ": " + read_error(answer.text)),
                 options_.url, "--barrier-wait waits longer"},
                false};
        }
        if (now - told >= kBetweenTells) {
            told = now;
            tell(orders
                     ? fmt::format("ready; the gather at {} waits for other segments", options_.url)
                     : fmt::format("waiting for the gather: {}", read_error(answer.text)));
        }
        if (stops.wait_until(now + kBetweenHellos)) {
            return NoStart{{"stopped before the start", {}, ""}, false};
        }
    }
}

void SegmentSender::begin(LoadControl& control, StopQueue& stops,
                          const std::filesystem::path& run_file) {
    control_ = &control;
    stops_ = &stops;
    run_file_ = run_file;
    clock_asked_ = Clock::now();
    thread_ = std::thread([this] { work(); });
}

void SegmentSender::on_tick(std::uint64_t tick, bool last) {
    {
        const std::lock_guard lock(mutex_);
        newest_ = tick;
        if (last) {
            last_ = tick;
        }
    }
    changed_.notify_all();
}

std::map<std::string, std::string> SegmentSender::facts() const {
    const WallAnchor now = WallAnchor::now();
    const std::lock_guard lock(clock_mutex_);
    if (!start_offset_) {
        return {};
    }
    return {
        {"clock.offset_s", fmt::format("{:.9f}", to_seconds(*start_offset_))},
        {"clock.offset_error_s", fmt::format("{:.9f}", to_seconds(start_error_))},
        {"clock.drift_s", fmt::format("{:.9f}", to_seconds(clock_.to_add(now) - *start_offset_))},
        {"gather.url", options_.url}};
}

Delivery SegmentSender::finish(const std::string& early, StopQueue& stops) {
    if (!thread_.joinable()) {
        return {true, 0, 0, 0, ""};  // it never began
    }
    const auto until = Clock::now() + options_.wait;
    const int interrupts = stops.interrupts();
    std::unique_lock lock(mutex_);
    load_over_ = true;
    early_ = early;
    changed_.notify_all();
    constexpr std::chrono::milliseconds kLook{100};
    while (!done_ && Clock::now() < until && stops.interrupts() == interrupts) {
        changed_.wait_for(lock, kLook, [this] { return done_; });
    }
    stopping_ = true;
    lock.unlock();
    changed_.notify_all();
    thread_.join();
    return delivery();
}

Delivery SegmentSender::delivery() const {
    Delivery delivery;
    delivery.complete = ended_;
    delivery.why = trouble_;
    const std::int64_t last = newest_ ? static_cast<std::int64_t>(*newest_) : -1;
    const std::int64_t taken = std::max<std::int64_t>(have_, -1);
    if (!ended_ && last > taken) {
        delivery.ticks_left = static_cast<std::uint64_t>(last - taken);
        delivery.from_s = to_seconds(run_.tick * (taken + 1));
        delivery.to_s = to_seconds(run_.tick * (last + 1));
    }
    return delivery;
}

}  // namespace plimsoll
