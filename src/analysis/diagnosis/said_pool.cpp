#include "analysis/diagnosis/said_pool.hpp"

#include "analysis/diagnosis/pool_errors.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <regex>
#include <set>
#include <tuple>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// An application's own word is no sample of a guess: three scrapes, at one a second, are enough.
constexpr std::size_t kLeastScrapes = 3;
// Of its connections; the rest is hand-over from one request to the next.
constexpr double kAllInUse = 0.9;
constexpr double kWithRoom = 0.8;

std::set<std::string> pool_names(const RunData& data) {
    std::set<std::string> names;
    for (const StoredSeries& s : data.series) {
        if (s.metric == metric::kAppPoolUsed || s.metric == metric::kAppPoolPending ||
            s.metric == metric::kAppPoolTimeouts || s.metric == metric::kAppPoolWaits) {
            names.insert(s.label("pool"));
        }
    }
    return names;
}

std::optional<SaidPool> look_at(const Case& c, const std::string& name) {
    const auto signal = [&](const char* metric) {
        return series_of(c.data(), metric, "pool", name);
    };
    const Window after = c.after();
    const auto any = [](double waiting) { return waiting > 0; };
    const Signal pending = signal(metric::kAppPoolPending);
    const Signal used = signal(metric::kAppPoolUsed);
    const Window told = told_after(c, pending.empty() ? used : pending, kLeastScrapes).window;
    SaidPool pool;
    pool.name = name;
    pool.size = median_in(signal(metric::kAppPoolSize), told).value_or(0);
    pool.used_mean = mean_in(used, told).value_or(0);
    pool.used_before = mean_in(used, c.before());
    pool.pending_median = median_in(pending, told).value_or(0);
    pool.timeouts = increase_in(signal(metric::kAppPoolTimeouts), after);
    pool.waits = increase_in(signal(metric::kAppPoolWaits), after);
    pool.onset_s = after.from_s;
    const bool queued = samples_in(pending, told) >= kLeastScrapes &&
                        share_in(pending, told, any).value_or(0) >= kSustainedShare;
    const auto in_use = [&](double n) { return n >= kAllInUse * pool.size; };
    // Some say how many are in use, and not who waits.
    const bool full = pool.size > 0 && samples_in(used, told) >= kLeastScrapes &&
                      share_in(used, told, in_use).value_or(0) >= kSustainedShare;
    const bool silent = samples_in(pending, told) == 0;
    if (!queued && pool.timeouts <= 0 && !(full && (pool.waits > 0 || silent))) {
        return std::nullopt;
    }
    const Window until{c.load().from_s, after.to_s};
    if (queued) {
        pool.onset_s = sustained_since(pending, until, kSustainedShare, any).value_or(after.from_s);
    } else if (full) {
        pool.onset_s = sustained_since(used, until, kSustainedShare, in_use).value_or(after.from_s);
    }
    return pool;
}

}  // namespace

std::string SaidPool::shown() const {
    std::string text = fmt::format("pool \"{}\"", name);
    text += size > 0 ? fmt::format(": {:.1f} of {:.0f} connections in use", used_mean, size)
                     : fmt::format(": {:.1f} connections in use", used_mean);
    if (pending_median > 0) {
        text += fmt::format(", {:.0f} callers waiting for one (median)", pending_median);
    }
    if (timeouts > 0) {
        text += fmt::format(", {:.0f} callers gave up waiting", timeouts);
    }
    if (waits > 0) {
        text += fmt::format(", {:.0f} callers had to wait", waits);
    }
    return text;
}

std::string SaidPool::query(const Case& c) const {
    const auto of = [&](const char* metric) { return query::gauge(c, metric, {{"pool", name}}); };
    return of(pending_median > 0 ? metric::kAppPoolPending
              : timeouts > 0     ? metric::kAppPoolTimeouts
                                 : metric::kAppPoolUsed);
}

std::optional<SaidPool> pool_with_queue(const Case& c) {
    std::optional<SaidPool> worst;
    const auto weight = [](const SaidPool& pool) {
        return std::tuple(pool.pending_median, pool.timeouts, pool.waits);
    };
    for (const std::string& name : pool_names(c.data())) {
        auto pool = look_at(c, name);
        if (pool && (!worst || weight(*pool) > weight(*worst))) {
            worst = std::move(pool);
        }
    }
    return worst;
}

std::optional<RoomyPool> pool_with_room(const Case& c) {
    std::optional<RoomyPool> fullest;
    for (const std::string& name : pool_names(c.data())) {
        const auto median = [&](const char* metric) {
            return median_in(series_of(c.data(), metric, "pool", name), c.after());
        };
        const auto size = median(metric::kAppPoolSize);
        const auto used = median(metric::kAppPoolUsed);
        if (!size || !used || *size <= 0 || look_at(c, name) ||
            median(metric::kAppPoolPending).value_or(0) > 0) {
            continue;
        }
        if (*used < kWithRoom * *size && (!fullest || *used > fullest->used)) {
            fullest = RoomyPool{name, *size, *used};
        }
    }
    return pool_with_queue(c) ? std::nullopt : fullest;
}

ErrorsLike pool_errors(const RunData& data) {
    std::vector<std::string> words;
    for (const PoolError& error : pool_error_table()) {
        words.emplace_back(error.text);
    }
    static const std::vector<std::string> kWhat{"pool"};
    static const std::vector<std::string> kHow{"timeout", "timed out", "exhausted", "no connection",
                                               "no free"};
    ErrorsLike whole = errors_like(data, words);
    return whole.count > 0 ? whole : errors_like(data, kWhat, kHow);
}

std::optional<double> pool_size_in(const std::string& text) {
    static const std::regex kLimit("limit of size ([0-9]{1,6}) overflow ([0-9]{1,6})");
    std::smatch match;
    if (!std::regex_search(text, match, kLimit)) {
        return std::nullopt;
    }
    return std::stod(match[1]) + std::stod(match[2]);
}

}  // namespace plimsoll
