#include "store/status_list.hpp"

#include "record/outcome.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace plimsoll {

std::string encode_statuses(const std::vector<StatusCount>& statuses) {
    std::string text;
    for (const StatusCount& entry : statuses) {
        text += fmt::format("{}{} {} {}", text.empty() ? "" : ",", entry.status,
                            to_string(entry.outcome), entry.count);
    }
    return text;
}

Result<std::vector<StatusCount>> decode_statuses(std::string_view text) {
    std::vector<StatusCount> statuses;
    const Error broken{fmt::format("is not a list of statuses: \"{}\"", text), "endpoint_tick",
                       "the run file may be damaged"};
    while (!text.empty()) {
        const std::string_view entry = text.substr(0, text.find(','));
        text.remove_prefix(std::min(entry.size() + 1, text.size()));
        const auto first = entry.find(' ');
        const auto last = entry.rfind(' ');
        if (first == std::string_view::npos || last == first) {
            return broken;
        }
        StatusCount parsed;
        const auto outcome = outcome_from(entry.substr(first + 1, last - first - 1));
        const auto* const end = entry.data() + entry.size();
        const auto status = std::from_chars(entry.data(), entry.data() + first, parsed.status);
        const auto count = std::from_chars(entry.data() + last + 1, end, parsed.count);
        if (!outcome || status.ptr != entry.data() + first || count.ptr != end) {
            return broken;
        }
        parsed.outcome = *outcome;
        statuses.push_back(parsed);
    }
    return statuses;
}

}  // namespace plimsoll
