#include "alerts/series_check.hpp"

#include "scenario/wording.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {
namespace {

std::string value_of(const SeriesLabels& labels, const std::string& name) {
    const auto found = std::find_if(labels.begin(), labels.end(),
                                    [&](const auto& each) { return each.first == name; });
    return found == labels.end() ? "" : found->second;
}

/// "idle, active and 3 more"
std::string listed(const std::set<std::string>& values) {
    constexpr std::size_t kMost = 5;
    std::vector<std::string> shown;
    for (const std::string& value : values) {
        if (shown.size() < kMost) {
            shown.push_back(in_quotes(value));
        }
    }
    std::string out = fmt::format("{}", fmt::join(shown, ", "));
    return values.size() > kMost ? out + fmt::format(" and {} more", values.size() - kMost) : out;
}

}  // namespace

std::string nearest_metric(const std::string& wanted, const std::set<std::string>& names) {
    std::string best;
    std::size_t least = 0;
    for (const std::string& name : names) {
        const std::size_t distance = edit_distance(wanted, name);
        if (best.empty() || distance < least) {
            best = name;
            least = distance;
        }
    }
    // A fifth of its letters may be wrong: a plural, a suffix that is missing, a few slips.
    return least <= wanted.size() / 5 + 1 ? best : std::string{};
}

Result<bool> SeriesCheck::has(const SeriesSelector& selector) {
    const auto found =
        api_.series(selector.text(), from_ms_, to_ms_, Clock::now() + std::chrono::seconds(30));
    if (!found) {
        return found.error();
    }
    return !found->empty();
}

Result<std::string> SeriesCheck::why_none(const SeriesSelector& selector) {
    if (selector.name.empty()) {
        return fmt::format("no series of the run matches {}", selector.text());
    }
    if (names_.find(selector.name) == names_.end()) {
        if (recorded_.find(selector.name) != recorded_.end()) {
            return fmt::format("the rule that records {} gave nothing in this run", selector.name);
        }
        std::set<std::string> all = names_;
        all.insert(recorded_.begin(), recorded_.end());
        const std::string near = nearest_metric(selector.name, all);
        return fmt::format("there is no series {} in this run{}", selector.name,
                           near.empty() ? "" : fmt::format("; the nearest name is {}", near));
    }
    SeriesSelector bare;
    bare.name = selector.name;
    const auto all =
        api_.series(bare.text(), from_ms_, to_ms_, Clock::now() + std::chrono::seconds(30));
    if (!all) {
        return all.error();
    }
    for (const LabelMatcher& matcher : selector.matchers) {
        SeriesSelector with_one = bare;
        with_one.matchers = {matcher};
        const auto some = has(with_one);
        if (!some) {
            return some.error();
        }
        if (*some) {
            continue;
        }
        std::set<std::string> values;
        for (const SeriesLabels& labels : *all) {
            values.insert(value_of(labels, matcher.label));
        }
        const bool absent = values.size() == 1 && values.begin()->empty();
        return fmt::format(
            "{} never matches: {}", selector.name + "{" + matcher.text() + "}",
            absent ? fmt::format("no series of that name has the label {}", matcher.label)
                   : fmt::format("{} is {}", matcher.label, listed(values)));
    }
    return fmt::format("no series has all of {}", selector.text());
}

Result<std::vector<std::string>> SeriesCheck::missing_of(const Rule& rule) {
    std::vector<std::string> out;
    for (const SeriesSelector& selector : rule.parts.selectors) {
        const std::string text = selector.text();
        auto known = known_.find(text);
        if (known == known_.end()) {
            const auto some = has(selector);
            // What Prometheus does not even read is told with the rule's own error.
            std::string why;
            if (some && !*some) {
                const auto reason = why_none(selector);
                why = reason ? *reason : "";
            }
            known = known_.emplace(text, why).first;
        }
        if (!known->second.empty() &&
            std::find(out.begin(), out.end(), known->second) == out.end()) {
            out.push_back(known->second);
        }
    }
    return out;
}

}  // namespace plimsoll
