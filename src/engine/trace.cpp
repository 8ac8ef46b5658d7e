// Sampled iterations, as traces.
#include "engine/shard.hpp"

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

void Shard::trace_request(const Exchange& exchange, const Sample& sample) {
    RequestSpan& span = span_of(exchange);
    span.endpoint = sample.endpoint;
    span.due = sample.due;
    span.sent = sample.sent;
    span.first_byte = exchange.first_byte < sample.sent ? sample.completed : exchange.first_byte;
    span.completed = sample.completed;
    span.phases = exchange.times;
    span.status = sample.status;
    span.outcome = sample.outcome;
}

}  // namespace plimsoll
