// Sampled iterations, as traces.
#include "engine/shard.hpp"

#include <algorithm>
#include <cstring>
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
    const std::uint64_t id =
        mix64(plan_.run->seed ^ user.iteration * 1024 ^ user.trace->requests.size() ^
              (std::uint64_t{user.index} << 40)) |
        1;
    put_bytes(id, user.trace->requests.emplace_back().span_id.data());
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

void Shard::trace_phases(const Exchange& exchange, Clock::time_point now) {
    auto& phases = span_of(exchange).phases;
    // The exchange's times are of all hops together: without those before, of this one.
    const auto of_hop = [&](RequestPhase phase, Nanoseconds of_all) {
        for (const PhaseSpan& earlier : phases) {
            of_all -= earlier.phase == phase ? earlier.lasted : Nanoseconds();
        }
        return of_all;
    };
    const Nanoseconds dns = of_hop(RequestPhase::Dns, exchange.times.dns);
    const Nanoseconds connect = of_hop(RequestPhase::Connect, exchange.times.connect);
    const Nanoseconds tls = of_hop(RequestPhase::Tls, exchange.times.tls);
    auto begun = exchange.phase_begun - dns - connect - tls;
    const auto add = [&](RequestPhase phase, Nanoseconds lasted, bool under_way) {
        if (lasted.count() != 0 || under_way) {
            phases.push_back({phase, begun, under_way ? now - begun : lasted});
            begun += lasted;
        }
    };
    add(RequestPhase::Dns, dns, exchange.phase == Phase::Resolving);
    add(RequestPhase::Connect, connect, exchange.phase == Phase::Connecting);
    add(RequestPhase::Tls, tls, exchange.phase == Phase::Handshaking);
    if (exchange.phase < Phase::Sending) {
        return;
    }
    auto written = exchange.phase == Phase::Sending ? now : exchange.written;
    if (exchange.answered && exchange.first_byte != Clock::time_point()) {
        written = std::min(written, exchange.first_byte);  // the response began before
    }
    phases.push_back({RequestPhase::Send, begun, written - begun});
    if (exchange.phase == Phase::Sending) {
        return;
    }
    const auto first = exchange.first_byte == Clock::time_point() ? now : exchange.first_byte;
    phases.push_back({RequestPhase::Wait, written, first - written});
    if (exchange.answered) {
        phases.push_back({RequestPhase::Receive, first, now - first});
    }
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
