#include "app/commands/gather_flags.hpp"

#include "app/commands/command_line.hpp"
#include "app/commands/flag_text.hpp"
#include "app/console.hpp"
#include "base/instant.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Between the end of waiting and t = 0: the run file and all exporters are opened meanwhile.
constexpr std::chrono::milliseconds kLead{800};

/// The wall clock may be set while we wait: it is looked at again now and then.
StartTime wait_until_instant(WallClock::time_point start, StopQueue& stops) {
    constexpr std::chrono::seconds kLook{5};
    for (;;) {
        const WallAnchor now = WallAnchor::now();
        const auto left = std::chrono::duration_cast<Nanoseconds>(start - now.wall);
        if (left <= Nanoseconds{}) {
            return NoStart{{"is over", "--start-at", "name an instant to come"}, true};
        }
        if (left <= kLead) {
            return WallAnchor{now.mono + left, start};
        }
        if (stops.wait_until(now.mono + std::min<Nanoseconds>(left - kLead, kLook))) {
            return NoStart{{"stopped before the start", {}, ""}, false};
        }
    }
}

Result<Nanoseconds> time_or(const std::string& text, const char* flag, Nanoseconds otherwise) {
    if (text.empty()) {
        return otherwise;
    }
    const auto time = parse_duration(text);
    return time ? *time : Result<Nanoseconds>(at_flag(time.error(), flag));
}

}  // namespace

Result<std::string> gather_token(const std::string& file, const char* flag) {
    if (!file.empty()) {
        return flag_text("@" + file, flag);
    }
    const char* const set = std::getenv("PLIMSOLL_GATHER_TOKEN");
    return std::string(set == nullptr ? "" : set);
}

void GatherFlags::add_to(Command& command) {
    auto* const to =
        command
            .add_option("--gather", gather,
                        "begin together with the other segments, and send what is measured to the "
                        "`plimsoll gather` at this URL")
            ->type_name("URL")
            ->needs("--segment");
    command
        .add_option("--gather-token-file", token_file,
                    "its token: the first line of this file (else: PLIMSOLL_GATHER_TOKEN)")
        ->type_name("FILE")
        ->needs(to);
    command
        .add_option("--gather-wait", wait,
                    "after the load, wait so long until all of it is taken (default 60s)")
        ->type_name("TIME")
        ->needs(to);
    command
        .add_option("--barrier-wait", barrier_wait,
                    "before the load, wait so long for the gather and the others (default 10m)")
        ->type_name("TIME")
        ->needs(to);
    command
        .add_option("--start-at", start_at,
                    "begin at this instant: RFC 3339, or seconds since 1970")
        ->type_name("INSTANT")
        ->excludes(to);
}

void GatherFlags::leave_out(Scenario& scenario, SessionOptions& options) const {
    if (!gathers()) {
        return;
    }
    ExportConfig traces;
    traces.otlp = std::move(scenario.exports.otlp);  // of requests, which the gather does not see
    scenario.exports = std::move(traces);
    options.probe = false;
    options.judge_thresholds = false;
    options.judge_answers = false;
}

Result<std::unique_ptr<SegmentSender>> GatherFlags::apply(const Scenario& scenario,
                                                          SessionOptions& options) const {
    std::unique_ptr<SegmentSender> sender;
    if (!start_at.empty()) {
        const auto start = parse_instant(start_at);
        if (!start) {
            return at_flag(start.error(), "--start-at");
        }
        if (*start <= WallClock::now()) {
            return Error{"is over", "--start-at", "name an instant to come"};
        }
        options.start_gate = [start = *start](const RunInfo&, StopQueue& stops) {
            return wait_until_instant(start, stops);
        };
    }
    if (!gathers()) {
        return sender;
    }
    SenderOptions to;
    to.url = gather;
    auto token = gather_token(token_file, "--gather-token-file");
    const auto waits = time_or(wait, "--gather-wait", to.wait);
    const auto waits_before = time_or(barrier_wait, "--barrier-wait", to.barrier_wait);
    if (!token || !waits || !waits_before) {
        return !token ? token.error() : !waits ? waits.error() : waits_before.error();
    }
    to.token = *std::move(token);
    to.wait = *waits;
    to.barrier_wait = *waits_before;
    auto made = SegmentSender::create(std::move(to));
    if (!made) {
        return at_flag(made.error(), "--gather");
    }
    sender = *std::move(made);
    options.sender = sender.get();
    options.more_facts = [sender = sender.get()] { return sender->facts(); };
    options.start_gate = [sender = sender.get(), &scenario](const RunInfo& run, StopQueue& stops) {
        return sender->wait_for_start(scenario, run, stops, [](const std::string& sentence) {
            say(stderr, "plimsoll: {}\n", sentence);
        });
    };
    return sender;
}

}  // namespace plimsoll
