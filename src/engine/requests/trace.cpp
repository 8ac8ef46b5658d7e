// Sampled iterations, and the requests worth keeping outside the sample, as traces.
#include "engine/requests/requests.hpp"
#include "engine/users/trace_ids.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace plimsoll {
namespace {

char* add_hex(std::span<const std::uint8_t> bytes, char* out) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const std::uint8_t byte : bytes) {
        *out++ = kDigits[byte >> 4];
        *out++ = kDigits[byte & 15];
    }
    return out;
}

char* add_text(std::string_view text, char* out) {
    return std::copy(text.begin(), text.end(), out);
}

}  // namespace

void Requests::begin_notes(Exchange& exchange) {
    if (!exchange.notes) {
        exchange.notes = std::make_unique<TraceNotes>();
    }
    exchange.notes->stem = exchange.owner->trace_stem;
    exchange.notes->number = exchange.owner->requests_begun++;
    exchange.notes->phases.clear();
}

std::string_view Requests::trace_header(const Exchange& exchange) {
    const TraceNotes& notes = *exchange.notes;
    char* out = add_text("traceparent: 00-", trace_header_.data());
    out = add_hex(trace_id(notes.stem), out);
    *out++ = '-';
    out = add_hex(request_span_id(notes.stem, notes.number), out);
    out = add_text(exchange.owner->trace ? "-01\r\n" : "-00\r\n", out);
    return {trace_header_.data(), static_cast<std::size_t>(out - trace_header_.data())};
}

void Requests::trace_phases(const Exchange& exchange, Clock::time_point now) {
    auto& phases = exchange.notes->phases;
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

void Requests::fill_span(RequestSpan& span, const Exchange& exchange, const Sample& sample) {
    const TraceNotes& notes = *exchange.notes;
    span.endpoint = sample.endpoint;
    span.span_id = request_span_id(notes.stem, notes.number);
    span.due = sample.due;
    span.sent = sample.sent;
    span.first_byte = exchange.first_byte < sample.sent ? sample.completed : exchange.first_byte;
    span.completed = sample.completed;
    span.phases.assign(notes.phases.begin(), notes.phases.end());
    span.status = sample.status;
    span.outcome = sample.outcome;
    span.path = notes.path;
}

void Requests::fill_alone(IterationTrace& trace, const User& user, const Exchange& exchange,
                          const Sample& sample) {
    trace.trace_id = trace_id(exchange.notes->stem);
    trace.user_class = user.user_class;
    trace.iteration = user.iteration;
    trace.requests.resize(1);
    fill_span(trace.requests.front(), exchange, sample);
}

void Requests::trace_request(User& user, const Exchange& exchange, const Sample& sample) {
    if (user.trace) {
        fill_span(user.trace->requests.emplace_back(), exchange, sample);
        return;
    }
    KeptRequests& kept = recorder_.kept();
    IterationTrace* place = is_failure(sample.outcome) ? kept.place_for_error() : nullptr;
    if (place == nullptr) {
        place = kept.place_for(sample.completed - sample.due);
    }
    if (place != nullptr) {
        fill_alone(*place, user, exchange, sample);
    }
}

}  // namespace plimsoll
