#include "app/commands/find_flags.hpp"

#include "app/commands/command_line.hpp"
#include "app/commands/flag_text.hpp"
#include "base/units.hpp"

#include <charconv>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// "300/s", or with `users` a whole number. Absent where nothing was said.
Result<std::optional<double>> level_of(const std::string& text, bool users, const char* flag) {
    if (text.empty()) {
        return std::optional<double>();
    }
    if (!users) {
        const auto rate = parse_rate(text);
        if (!rate) {
            return Error{rate.error().what, flag, rate.error().hint};
        }
        return std::optional(rate->per_second());
    }
    std::uint32_t count = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, count);
    if (read.ec != std::errc{} || read.ptr != end || count == 0 || count > 10'000'000) {
        return Error{fmt::format("with --users it must be a number of users, got \"{}\"", text),
                     flag, "e.g. " + std::string(flag) + " 50"};
    }
    return std::optional(static_cast<double>(count));
}

}  // namespace

void FindFlags::add_to(Command& command) {
    command.add_option("--start", start, "first rate (default 20/s), or with --users 2 users");
    command.add_option("--max", most, "try no more than this");
    command.add_option("--at-least", at_least,
                       "exit with 99 where fewer requests/s (users) are carried");
    command.add_option("--precision", precision, "how close the two ends must come (default 5%)");
    command.add_option("--budget", budget,
                       "end within this time, with what is known (default 30m)");
    command.add_option("--window", window,
                       "what is asked for must hold over at least so long, up to 5m");
    command.add_flag("--users", users, "search users in a loop instead of arrivals");
    command
        .add_option("--max-vus", max_vus,
                    "most users busy at once (default: the scenario's, or 4000)")
        ->in_range(1, 10'000'000);
}

Result<FindRequest> FindFlags::to_request(std::uint64_t seed) const {
    FindRequest request;
    request.users = users;
    request.seed = seed;
    const auto take = [&](const std::string& text, const char* flag,
                          std::optional<double>& into) -> Status {
        auto level = level_of(text, users, flag);
        if (!level) {
            return level.error();
        }
        into = *level;
        return {};
    };
    for (const auto& [text, flag, into] :
         {std::tuple{&start, "--start", &request.start}, std::tuple{&most, "--max", &request.most},
          std::tuple{&at_least, "--at-least", &request.at_least}}) {
        if (Status taken = take(*text, flag, *into); !taken) {
            return taken.error();
        }
    }
    if (!precision.empty()) {
        const auto share = flag_share(precision, "--precision");
        if (!share) {
            return share.error();
        }
        request.precision = *share;
    }
    for (const auto& [text, flag, into] : {std::tuple{&budget, "--budget", &request.budget},
                                           std::tuple{&window, "--window", &request.window}}) {
        if (text->empty()) {
            continue;
        }
        const auto time = parse_duration(*text);
        if (!time) {
            return Error{time.error().what, flag, time.error().hint};
        }
        *into = *time;
    }
    if (max_vus > 0) {
        request.max_vus = max_vus;
    }
    return request;
}

}  // namespace plimsoll
