// HTTP Archive 1.2, as browsers export it.
#include "import/draft.hpp"
#include "import/har_captures.hpp"
#include "import/har_entry.hpp"
#include "import/har_step.hpp"
#include "import/json_access.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace import {
namespace {

namespace json = boost::json;

Nanoseconds rounded(double seconds) {
    constexpr double kShortest = 0.1;  // below it is the browser's own work
    if (!(seconds >= kShortest)) {
        return {};
    }
    const double grain = seconds < 1 ? 0.01 : seconds < 10 ? 0.1 : 1;
    return std::chrono::milliseconds(std::llround(std::round(seconds / grain) * grain * 1e3));
}

// Redirects are followed by the run itself: their next hops, which the recording has as entries of
// their own, belong to the step that began them.
class Redirects {
public:
    /// The step that `entry` is a hop of.
    std::optional<std::size_t> step_of(const HarEntry& entry) {
        for (auto one = waiting_.begin(); one != waiting_.end(); ++one) {
            if (one->to == entry.url.origin + entry.url.target) {
                const std::size_t step = one->step;
                waiting_.erase(one);
                return step;
            }
        }
        return std::nullopt;
    }
    void add(const HarEntry& entry, std::size_t step) {
        if (!redirects(entry)) {
            return;
        }
        const std::string to = text_at(entry.raw, "response", "redirectURL");
        const auto url = split_url(to);
        waiting_.push_back({url ? url->origin + url->target
                            : to.starts_with("//")
                                ? split_url("http:" + to).value_or(UrlParts{}).origin
                                : entry.url.origin + to,
                            step});
    }

private:
    struct Waiting {
        std::string to;
        std::size_t step;
    };
    std::vector<Waiting> waiting_;
};

void add_steps(const std::vector<HarEntry>& entries, const std::vector<std::string>& origins,
               Draft& draft, LeftOut& left_out, const ImportOptions& options) {
    CookiesSeen cookies;
    HarCaptures responses;
    Redirects chains;
    std::vector<DraftStep>& steps = draft.users.front().steps;
    double last_end_s = 0;
    for (const HarEntry& entry : entries) {
        const bool wanted =
            std::find(origins.begin(), origins.end(), entry.url.origin) != origins.end();
        if (const auto step = chains.step_of(entry)) {
            steps[*step].statuses = {entry.status == 304 ? 200 : entry.status};
            chains.add(entry, *step);
            responses.offer(*entry.raw, *step, draft.secrets);
        } else if (!wanted || entry.status == 0 || is_preflight(entry) ||
                   (!options.keep_static && is_static(entry))) {
            left_out.add(!wanted && redirects(entry) ? "redirect from another host"
                         : !wanted                   ? "request to " + entry.url.host
                         : entry.status == 0         ? "request without an answer"
                         : is_preflight(entry)       ? "preflight request"
                                                     : "static file");
            cookies.take(*entry.raw);
            continue;
        } else {
            if (!steps.empty()) {
                steps.back().think = rounded(entry.start_s - last_end_s);
            }
            steps.push_back(make_har_step(entry, origins.front(), cookies, draft, left_out));
            responses.offer(*entry.raw, steps.size() - 1, draft.secrets);
            chains.add(entry, steps.size() - 1);
        }
        cookies.take(*entry.raw);
        last_end_s = std::max(last_end_s, entry.end_s);
    }
    responses.add_captures(steps, draft.secrets);
}

}  // namespace
}  // namespace import

Result<Imported> import_har(std::string_view text, const ImportOptions& options) {
    using namespace import;
    const auto document = parse_json(text, "a HAR recording");
    if (!document) {
        return document.error();
    }
    const json::value* const raw_entries = find(&*document, "log", "entries");
    if (raw_entries == nullptr || !raw_entries->is_array()) {
        return Error{"must be a HAR recording: a JSON object with log.entries",
                     {},
                     "in a browser's developer tools, Network: Export HAR"};
    }
    Draft draft;
    LeftOut left_out;
    draft.origin = fmt::format("a HAR recording, {}", options.source);
    draft.users.push_back({"visitor", 1, {}});
    std::vector<HarEntry> entries;
    for (const json::value& raw : raw_entries->get_array()) {
        if (auto entry = read_har_entry(raw, left_out)) {
            entries.push_back(*std::move(entry));
        }
    }
    std::stable_sort(entries.begin(), entries.end(),
                     [](const HarEntry& a, const HarEntry& b) { return a.start_s < b.start_s; });
    const auto origins = wanted_origins(entries, options);
    if (origins.empty()) {
        return Error{"holds no HTTP request to such a host", {}, "check --host, or leave it out"};
    }
    draft.target = origins.front();
    add_steps(entries, origins, draft, left_out, options);
    left_out.note(draft);
    return write(std::move(draft));
}

}  // namespace plimsoll
