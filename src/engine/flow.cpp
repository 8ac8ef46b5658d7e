// What a user does: iterations, steps, think time, traces.
#include "engine/shard.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <span>

namespace plimsoll {
namespace {

void put_bytes(std::uint64_t value, std::uint8_t* out) {
    std::memcpy(out, &value, sizeof value);
}

void add_hex(std::span<const std::uint8_t> bytes, std::string& out) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const std::uint8_t byte : bytes) {
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
}

}  // namespace

void Shard::begin_iteration(User& user, std::uint64_t iteration, std::uint32_t user_class,
                            Clock::time_point due) {
    user.random = Random(plan_.run->seed, stream_of(user), iteration);
    user.busy = true;
    user.user_class = user_class;
    user.iteration = iteration;
    user.step = 0;
    user.iteration_due = due;
    user.due = due;
    ++recorder_->counts().iterations_started;
    if (user.cookies && plan_.scenario->http.cookies == CookiePolicy::Iteration) [[unlikely]] {
        user.cookies->clear();
    }
    if (plan_.trace_limit != 0) {
        begin_trace(user);
    }
    send_step(user);
}

void Shard::send_step(User& user) {
    const PreparedRequest& request = plan_.requests[user.user_class][user.step];
    send_request(exchange_for(user, request), request, user.due);
}

void Shard::on_exchange_done(User& user, Exchange& exchange, Outcome outcome, Clock::time_point now,
                             std::string_view text) {
    const Sample sample{exchange.due,
                        exchange.sent,
                        now,
                        exchange.request->step().endpoint,
                        exchange.parser.status(),
                        outcome,
                        exchange.bytes_sent,
                        exchange.bytes_received};
    recorder_->record(sample);
    if (is_failure(outcome)) [[unlikely]] {
        recorder_->record_error(sample, text);
    }
    if (exchange.span >= 0) [[unlikely]] {
        trace_request(exchange, sample);
    }
    next_step(user, now, !exchange.starting);
}

bool Shard::has_next(const Part& part, const User& user) {
    if (!part.counted) {
        return true;
    }
    return part.numbered ? part.iterations_left != 0 : user.iteration < part.executor->iterations;
}

std::uint64_t Shard::take_shared_iteration(Part& part, std::uint32_t shards, std::uint32_t id) {
    const std::uint64_t vus = part.executor->max_vus;
    const std::uint64_t iteration = part.next_round * vus + part.next_rank;
    part.next_rank += shards;
    if (part.next_rank >= vus) {
        part.next_rank = id;
        ++part.next_round;
    }
    return iteration;
}

void Shard::begin_next(User& user, Clock::time_point due) {
    Part& part = parts_[user.executor];
    if (!part.counted) {
        begin_iteration(user, user.iteration, user.user_class, due);
        return;
    }
    std::uint64_t iteration = user.iteration;
    if (part.numbered) {
        iteration = take_shared_iteration(part, plan_.run->shards, id_);
        user.user_class = plan_.classes[part.index].pick(iteration);
    }
    const bool last = --part.iterations_left == 0;
    begin_iteration(user, iteration, user.user_class, due);
    if (last) {
        const auto now = Clock::now();
        end_part(part, now);
        check_done(now);
    }
}

void Shard::next_step(User& user, Clock::time_point now, bool at_once) {
    const UserClass& who = plan_.scenario->users[user.user_class];
    const Nanoseconds think = who.steps[user.step].think.value_or(who.think).draw(user.random);
    user.due = now + think;
    ++user.step;
    const bool iteration_over = user.step == who.steps.size();
    if (iteration_over) {
        user.step = 0;
        ++recorder_->counts().iterations_completed;
        if (user.trace) {
            user.trace->ended = now;
            recorder_->record_trace(std::move(*user.trace));
            user.trace.reset();
        }
        ++user.iteration;  // a user that leaves may come back
        const Part& part = parts_[user.executor];
        if (part.open || user.leaving || !has_next(part, user)) {
            end_iteration(user, now);
            return;
        }
    }
    if (think.count() != 0 || !at_once) {
        schedule(user, user.due);
    } else if (iteration_over) {
        begin_next(user, user.due);
    } else {
        send_step(user);
    }
}

void Shard::end_iteration(User& user, Clock::time_point now) {
    Part& part = parts_[user.executor];
    user.busy = false;
    --recorder_->levels.users;
    if (part.open && !part.over) {
        part.free.push_back(&user);
        return;
    }
    if (!part.open) {
        close_sockets(user);
    }
    check_done(now);
}

void Shard::schedule(User& user, Clock::time_point at) {
    wakeups_.push_back({at, &user});
    std::push_heap(wakeups_.begin(), wakeups_.end(), std::greater<>());
    if (wakeups_.front().user == &user) {
        arm_pace();
    }
}

void Shard::begin_trace(User& user) {
    Random ids(plan_.run->seed ^ 0x7261636554ULL, stream_of(user), user.iteration);
    if (ids() >= plan_.trace_limit) {
        return;
    }
    user.trace = std::make_unique<IterationTrace>();
    put_bytes(ids(), user.trace->trace_id.data());
    put_bytes(ids() | 1, user.trace->trace_id.data() + 8);
    put_bytes(ids() | 1, user.trace->span_id.data());
    user.trace->user_class = user.user_class;
    user.trace->iteration = user.iteration;
    user.trace->due = user.iteration_due;
}

std::int32_t Shard::begin_span(User& user) {
    RequestSpan& span = user.trace->requests.emplace_back();
    const std::uint64_t id = mix64(plan_.run->seed ^ user.iteration * 1024 ^ user.step ^
                                   (std::uint64_t{user.index} << 40)) |
                             1;
    put_bytes(id, span.span_id.data());
    return static_cast<std::int32_t>(user.trace->requests.size()) - 1;
}

std::string Shard::trace_header(const Exchange& exchange) {
    std::string header = "traceparent: 00-";
    add_hex(exchange.owner->trace->trace_id, header);
    header += '-';
    add_hex(span_of(exchange).span_id, header);
    header += "-01\r\n";
    return header;
}

void Shard::trace_request(const Exchange& exchange, const Sample& sample) {
    RequestSpan& span = span_of(exchange);
    span.endpoint = sample.endpoint;
    span.due = sample.due;
    span.sent = sample.sent;
    span.first_byte = exchange.first_byte < sample.sent ? sample.completed : exchange.first_byte;
    span.completed = sample.completed;
    span.status = sample.status;
    span.outcome = sample.outcome;
}

}  // namespace plimsoll
