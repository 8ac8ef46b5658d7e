#include "analysis/diagnosis/said_pool.hpp"

#include "signal/names.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// An application's own word is no sample of a guess: three scrapes, at one a second, are enough.
constexpr std::size_t kLeastScrapes = 3;
// Of its connections; the rest is hand-over from one request to the next.
constexpr double kAllInUse = 0.9;

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
    SaidPool pool;
    pool.name = name;
    pool.size = median_in(signal(metric::kAppPoolSize), after).value_or(0);
    pool.used_mean = mean_in(used, after).value_or(0);
    pool.used_before = mean_in(used, c.before());
    pool.pending_median = median_in(pending, after).value_or(0);
    pool.timeouts = increase_in(signal(metric::kAppPoolTimeouts), after);
    pool.waits = increase_in(signal(metric::kAppPoolWaits), after);
    pool.onset_s = after.from_s;
    const bool queued = samples_in(pending, after) >= kLeastScrapes &&
                        share_in(pending, after, any).value_or(0) >= kSustainedShare;
    const bool full = pool.size > 0 && pool.used_mean >= kAllInUse * pool.size;
    if (!queued && pool.timeouts <= 0 && (pool.waits <= 0 || !full)) {
        return std::nullopt;
    }
    if (queued) {
        const Window until{c.load().from_s, after.to_s};
        pool.onset_s = sustained_since(pending, until, kSustainedShare, any).value_or(after.from_s);
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

}  // namespace plimsoll
