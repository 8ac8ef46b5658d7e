#include "net/http_delivery.hpp"

#include "base/log.hpp"
#include "net/http_client.hpp"
#include "net/retry.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {

Result<HttpTransport> http_transport(const HttpAccess& access) {
    HttpClientOptions options;
    options.ca_file = access.ca_file;
    options.cert_file = access.cert_file;
    options.key_file = access.key_file;
    options.verify_tls = access.verify_tls;
    auto client = HttpClient::create(access.endpoint, std::move(options));
    if (!client) {
        return client.error();
    }
    // A function object has to be copyable, a client is not.
    auto shared = std::make_shared<HttpClient>(*std::move(client));
    return HttpTransport([shared](const HttpRequest& request, Clock::time_point deadline) {
        return shared->send(request, deadline);
    });
}

DeliveryAnswer judge_by_status(const HttpResponse& reply) {
    using Kind = DeliveryAnswer::Kind;
    if (reply.status >= 200 && reply.status < 300) {
        return {};
    }
    const bool later = reply.status == 429 || (reply.status >= 500 && reply.status < 600);
    std::string why = fmt::format("HTTP status {}", reply.status);
    if (!reply.body.empty()) {
        why += ": " + reply.body;
    }
    return {later ? Kind::Later : Kind::Refused, 0, std::move(why)};
}

struct HttpDelivery::State {
    State(HttpDeliveryOptions what, HttpTransport how, DeliveryJudge who)
        : options(std::move(what)), transport(std::move(how)), judge(std::move(who)) {}

    const HttpDeliveryOptions options;
    const HttpTransport transport;  // this and the judge: the sender's thread alone
    const DeliveryJudge judge;

    mutable std::mutex mutex;  // guards what follows
    std::condition_variable changed;
    std::deque<Parcel> queue;
    DeliveryCounts counts;
    std::optional<Clock::time_point> finish_by;
    bool abandoned = false;  // what is under way is counted already
    bool ended = false;
    std::thread thread;  // the owner's

    using Lock = std::unique_lock<std::mutex>;
    void run();
    void deliver(Parcel parcel, Lock& lock);
    bool wait_before_retry(unsigned attempt, std::optional<Nanoseconds> asked,
                           Clock::time_point first_try, Lock& lock);
    Result<HttpResponse> send(const Parcel& parcel, Lock& lock);
    void settle(std::uint64_t items, std::uint64_t DeliveryCounts::*as);
    void note_error(const std::string& why);
    void make_room(std::uint64_t items, Lock& lock);
};

void HttpDelivery::State::run() {
    Lock lock(mutex);
    for (;;) {
        changed.wait(lock, [this] { return !queue.empty() || finish_by; });
        if (queue.empty()) {
            break;
        }
        Parcel parcel = std::move(queue.front());
        queue.pop_front();
        deliver(std::move(parcel), lock);
        changed.notify_all();
        if (abandoned) {
            return;
        }
    }
    ended = true;
    changed.notify_all();
}

Result<HttpResponse> HttpDelivery::State::send(const Parcel& parcel, Lock& lock) {
    const Clock::time_point by =
        std::min(Clock::now() + options.timeout, finish_by.value_or(Clock::time_point::max()));
    lock.unlock();
    HttpRequest request = parcel.make();
    request.headers.insert(request.headers.end(), options.access.headers.begin(),
                           options.access.headers.end());
    auto reply = transport(request, by);
    lock.lock();
    return reply;
}

void HttpDelivery::State::deliver(Parcel parcel, Lock& lock) {
    using Kind = DeliveryAnswer::Kind;
    constexpr unsigned kMostForms = 3;  // that one parcel is tried in
    const Clock::time_point first_try = Clock::now();
    unsigned forms = 1;
    for (unsigned attempt = 0;; ++attempt) {
        if (finish_by && Clock::now() >= *finish_by) {
            return settle(parcel.items, &DeliveryCounts::dropped);
        }
        counts.retried += attempt > 0 ? 1U : 0U;
        const auto reply = send(parcel, lock);
        if (abandoned) {
            return;
        }
        DeliveryAnswer answer =
            reply ? judge(*reply) : DeliveryAnswer{Kind::Later, 0, reply.error().to_string()};
        if (!answer.why.empty()) {
            note_error(answer.why);
        }
        if (answer.kind == Kind::Again && ++forms > kMostForms) {
            answer.kind = Kind::Refused;
        }
        switch (answer.kind) {
            case Kind::Taken:
                answer.rejected = std::min(answer.rejected, parcel.items);
                settle(answer.rejected, &DeliveryCounts::rejected);
                return settle(parcel.items - answer.rejected, &DeliveryCounts::sent);
            case Kind::Refused:
                return settle(parcel.items, &DeliveryCounts::rejected);
            case Kind::Again:
                break;
            case Kind::Later:
                if (!wait_before_retry(attempt, reply ? asked_to_wait(*reply) : std::nullopt,
                                       first_try, lock)) {
                    if (options.wait_for_room && !finish_by) {
                        finish_by = Clock::now();  // nobody is there: the rest need not wait too
                    }
                    return settle(abandoned ? 0 : parcel.items, &DeliveryCounts::dropped);
                }
                break;
        }
    }
}

/// False: there is no time for another try.
bool HttpDelivery::State::wait_before_retry(unsigned attempt, std::optional<Nanoseconds> asked,
                                            Clock::time_point first_try, Lock& lock) {
    const Nanoseconds wait = retry_wait(attempt, asked, counts.retried, options.first_wait);
    const Clock::time_point next = Clock::now() + wait;
    if (next - first_try > options.give_up_after) {
        note_error(fmt::format("given up after {} tries: {}", attempt + 1, counts.last_error));
        return false;
    }
    // At the end nobody waits for longer than the server asked.
    const bool ending = finish_by.has_value();
    changed.wait_until(lock, next, [&] { return finish_by && !ending; });
    if (finish_by && asked && Clock::now() < next) {
        if (next >= *finish_by) {
            return false;
        }
        changed.wait_until(lock, next, [this] { return abandoned; });
    }
    return !abandoned && !(finish_by && Clock::now() >= *finish_by);
}

void HttpDelivery::State::settle(std::uint64_t items, std::uint64_t DeliveryCounts::*as) {
    counts.*as += items;
    counts.waiting -= items;
}

void HttpDelivery::State::note_error(const std::string& why) {
    std::string safe = safe_excerpt(why, options.access.headers);
    if (safe != counts.last_error) {  // not once a request while the other side is away
        spdlog::warn("{} not delivered endpoint={} reason=\"{}\"", options.what,
                     options.access.endpoint.origin(), safe);
    }
    counts.last_error = std::move(safe);
}

void HttpDelivery::State::make_room(std::uint64_t items, Lock& lock) {
    const auto full = [&] { return !queue.empty() && counts.waiting + items > options.most_items; };
    if (options.wait_for_room) {
        changed.wait(lock, [&] { return !full() || finish_by; });
        return;
    }
    while (full()) {
        settle(queue.front().items, &DeliveryCounts::dropped);
        queue.pop_front();
    }
}

HttpDelivery::HttpDelivery(HttpDeliveryOptions options, HttpTransport transport,
                           DeliveryJudge judge)
    : state_(std::make_shared<State>(std::move(options), std::move(transport), std::move(judge))) {
    state_->thread = std::thread([state = state_] { state->run(); });
}

HttpDelivery::~HttpDelivery() {
    finish(Clock::now());
}

void HttpDelivery::push(Parcel parcel) {
    State::Lock lock(state_->mutex);
    state_->make_room(parcel.items, lock);
    if (state_->finish_by) {
        state_->counts.dropped += parcel.items;
        return;
    }
    state_->counts.waiting += parcel.items;
    state_->queue.push_back(std::move(parcel));
    state_->changed.notify_all();
}

void HttpDelivery::push(HttpRequest request, std::uint64_t items) {
    auto kept = std::make_shared<const HttpRequest>(std::move(request));
    push({[kept] { return *kept; }, items});
}

void HttpDelivery::finish(Clock::time_point deadline) {
    State::Lock lock(state_->mutex);
    if (!state_->thread.joinable()) {
        return;
    }
    state_->finish_by = deadline;
    state_->changed.notify_all();
    // What ends by the deadline itself comes back a little after it.
    constexpr Nanoseconds kGrace = std::chrono::milliseconds(200);
    if (state_->changed.wait_until(lock, deadline + kGrace, [this] { return state_->ended; })) {
        lock.unlock();
        state_->thread.join();
        return;
    }
    state_->abandoned = true;
    state_->settle(state_->counts.waiting, &DeliveryCounts::dropped);
    state_->queue.clear();
    state_->changed.notify_all();
    state_->thread.detach();
}

DeliveryCounts HttpDelivery::counts() const {
    const std::lock_guard lock(state_->mutex);
    return state_->counts;
}

}  // namespace plimsoll
