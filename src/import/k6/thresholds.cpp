// k6's thresholds in our words.
#include "import/k6/script.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll::import::k6 {
namespace {

enum class Unit { Time, Share, Count, Bytes };
struct Metric {
    std::string_view theirs;
    std::string_view ours;
    Unit unit;
};
// What k6 measures as http_req_duration counts from the first byte sent: our service time.
constexpr std::array kMetrics{Metric{"http_req_duration", "http_req_service", Unit::Time},
                              Metric{"http_req_failed", "http_req_failed", Unit::Share},
                              Metric{"http_reqs", "http_reqs", Unit::Count},
                              Metric{"checks", "checks", Unit::Share},
                              Metric{"iterations", "iterations", Unit::Count},
                              Metric{"dropped_iterations", "dropped_iterations", Unit::Count},
                              Metric{"group_duration", "group_duration", Unit::Time},
                              Metric{"data_sent", "data_sent", Unit::Bytes},
                              Metric{"data_received", "data_received", Unit::Bytes}};

std::string without_blanks(std::string text) {
    std::erase_if(text, [](char c) { return c == ' ' || c == '\t'; });
    return text;
}

// "p(95)<500" with our units; "" where it cannot be said.
std::string expression_of(const std::string& written, Unit unit) {
    std::string text = without_blanks(written);
    const std::size_t sign = text.find_first_of("<>=!");
    if (sign == std::string::npos) {
        return {};
    }
    const std::size_t limit = text.find_first_not_of("<>=!", sign);
    if (limit == std::string::npos) {
        return {};
    }
    const std::string statistic = text.substr(0, sign);
    std::string op = text.substr(sign, limit - sign);
    const std::string number = text.substr(limit);
    if (op == "==" || op == "===") {  // of what cannot be below 0, or above 1
        op = number == "0" ? "<=" : number == "1" && unit == Unit::Share ? ">=" : "";
    }
    if (op.empty() || op.front() == '!' ||
        number.find_first_not_of("0123456789.") != std::string::npos) {
        return {};
    }
    const bool per_second = statistic == "rate" && unit == Unit::Count;
    return fmt::format("{}{}{}{}", statistic, op, number,
                       unit == Unit::Time    ? "ms"
                       : per_second          ? "/s"
                       : unit == Unit::Bytes ? "B"
                                             : "");
}

// {scenario:x} is a user class here; nullopt where a tag has no counterpart.
std::optional<std::string> selector_of(const std::string& theirs, const std::string& metric,
                                       const std::map<std::string, std::string>& users) {
    std::string ours;
    std::string_view rest = std::string_view(theirs).substr(1, theirs.size() - 2);
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(','), rest.size());
        const std::string one(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const std::size_t colon = one.find(':');
        if (colon == std::string::npos) {
            return std::nullopt;
        }
        std::string key =
            one.substr(one.find_first_not_of(' '), colon - one.find_first_not_of(' '));
        std::string value = one.substr(colon + 1);
        if (key == "scenario") {
            const auto user = users.find(Yaml::text_of(value).text);
            if (user == users.end()) {
                return std::nullopt;
            }
            key = "user";
            value = user->second;
        } else if (key == "group") {
            if (metric != "group_duration") {
                return std::nullopt;
            }
            value = value.substr(value.rfind(':') + 1);
        } else if (key == "expected_response" || key == "check" || key == "url") {
            return std::nullopt;
        }
        ours += (ours.empty() ? "" : ",") + key + ":" + value;
    }
    return ours.empty() ? ours : "{" + ours + "}";
}

void read_one(Plan& plan, const std::string& key, Unit unit, const Value& one,
              const std::string& shown, int line) {
    const Value* const inner = one.member("threshold");
    const auto written = inner != nullptr ? inner->plain() : one.plain();
    const std::string text = written ? expression_of(*written, unit) : "";
    if (text.empty()) {
        plan.note(line, fmt::format("left out: the threshold {} {}", shown, written.value_or("")));
        return;
    }
    script::PlanThreshold threshold;
    threshold.key = key;
    threshold.line = line;
    threshold.value = Yaml::quoted(text);
    const Value* const abort = one.member("abortOnFail");
    if (abort != nullptr && abort->flag) {
        Yaml map = Yaml::map(
            {{"threshold", threshold.value}, {"abort_on_fail", Yaml::plain("true")}}, true);
        const Value* const delay = one.member("delayAbortEval");
        if (const auto time = delay != nullptr ? duration_of(*delay) : std::nullopt) {
            map.add("delay_abort", *time);
        }
        threshold.value = std::move(map);
    }
    plan.thresholds.push_back(std::move(threshold));
}

}  // namespace

void read_thresholds(Plan& plan, const Value& thresholds,
                     const std::map<std::string, std::string>& users, int line) {
    if (!thresholds.is(Type::Map)) {
        return;
    }
    bool service = false;
    for (const auto& [name, value] : *thresholds.map) {
        const std::string metric = name.substr(0, name.find('{'));
        const std::string tags = name.substr(metric.size());
        const auto* const known =
            std::find_if(kMetrics.begin(), kMetrics.end(),
                         [&](const Metric& m) { return m.theirs == without_blanks(metric); });
        const bool whole = tags.empty() || (tags.size() > 2 && tags.ends_with('}'));
        const auto selector = known == kMetrics.end() || !whole ? std::nullopt
                              : tags.empty()                    ? std::optional(std::string())
                                                                : selector_of(tags, metric, users);
        const script::List all = value.is(Type::List) ? *value.list : script::List{value};
        if (!selector) {
            plan.note(line, fmt::format("left out: {} threshold{} on {}", all.size(),
                                        all.size() == 1 ? "" : "s", name));
            continue;
        }
        service = service || known->ours == "http_req_service";
        for (const Value& one : all) {
            read_one(plan, std::string(known->ours) + *selector, known->unit, one, name, line);
        }
    }
    if (service) {
        plan.note(0,
                  "thresholds on http_req_duration are on http_req_service here: that is what "
                  "k6 measures");
    }
}

}  // namespace plimsoll::import::k6
