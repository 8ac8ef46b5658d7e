#include "probes/alerts/alert_list.hpp"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;
using Move = AlertNote::Move;

const json::object* object_at(const json::object* in, std::string_view key) {
    const auto* value = in == nullptr ? nullptr : in->if_contains(key);
    return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_at(const json::object* in, std::string_view key) {
    const auto* value = in == nullptr ? nullptr : in->if_contains(key);
    return value == nullptr ? nullptr : value->if_array();
}

std::string text_at(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string{} : std::string(*text);
}

std::string full_name(const SeenAlert& alert) {
    std::string out = alert.name + "{";
    for (const auto& [name, value] : alert.labels) {
        out += fmt::format("{}{}=\"{}\"", out.ends_with('{') ? "" : ",", name, value);
    }
    return out + "}";
}

/// Adds an entry of either list; nothing where it has no labels.
void add(const json::object* entry, std::optional<Move> state, AlertList& into) {
    const json::object* const labels = object_at(entry, "labels");
    if (labels == nullptr) {
        return;
    }
    SeenAlert alert;
    for (const auto& [name, value] : *labels) {
        if (value.is_string()) {
            std::string text(value.get_string());
            if (name == "alertname") {
                alert.name = std::move(text);
            } else {
                alert.labels.emplace(std::string(name), std::move(text));
            }
        }
    }
    if (state) {
        alert.state = *state;
        alert.since = text_at(*entry, "startsAt");
        alert.changed = text_at(*entry, "updatedAt");
    } else {
        const bool pending = text_at(*entry, "state") == "pending";
        alert.state = pending ? Move::Pending : Move::Firing;
        alert.since = text_at(*entry, "activeAt");
        alert.changed = pending ? alert.since : "";
    }
    std::string key = full_name(alert);
    into.insert_or_assign(std::move(key), std::move(alert));
}

/// How an alert that is no longer there ended.
Move end_of(Move state) {
    return state == Move::Pending    ? Move::Dropped
           : state == Move::Notified ? Move::Gone
                                     : Move::Resolved;
}

int number(std::string_view digits) {
    int value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') {
            return -1;
        }
        value = 10 * value + (c - '0');
    }
    return value;
}

/// "Z", "+02:00", "-05:30".
std::optional<std::chrono::minutes> parse_offset(std::string_view text) {
    if (text == "Z" || text == "z") {
        return std::chrono::minutes(0);
    }
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') {
        return std::nullopt;
    }
    const int hours = number(text.substr(1, 2));
    const int minutes = number(text.substr(4, 2));
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
        return std::nullopt;
    }
    return std::chrono::minutes((text[0] == '-' ? -1 : 1) * (60 * hours + minutes));
}

}  // namespace

Result<AlertList> read_prometheus_alerts(std::string_view body) {
    boost::system::error_code problem;
    const json::value answer = json::parse(body, problem);
    const auto* alerts =
        problem ? nullptr : array_at(object_at(answer.if_object(), "data"), "alerts");
    if (alerts == nullptr) {
        return Error{"its answer to /api/v1/alerts is not a Prometheus'"};
    }
    AlertList out;
    for (const json::value& each : *alerts) {
        add(each.if_object(), std::nullopt, out);
    }
    return out;
}

Result<AlertList> read_alertmanager_alerts(std::string_view body) {
    boost::system::error_code problem;
    const json::value answer = json::parse(body, problem);
    if (problem || !answer.is_array()) {
        return Error{"its answer to /api/v2/alerts is not an Alertmanager's"};
    }
    AlertList out;
    for (const json::value& each : answer.get_array()) {
        add(each.if_object(), Move::Notified, out);
    }
    return out;
}

Result<RuleTimes> read_rule_times(std::string_view body) {
    boost::system::error_code problem;
    const json::value answer = json::parse(body, problem);
    const auto* groups =
        problem ? nullptr : array_at(object_at(answer.if_object(), "data"), "groups");
    if (groups == nullptr) {
        return Error{"its answer to /api/v1/rules is not a Prometheus'"};
    }
    RuleTimes out;
    for (const json::value& group : *groups) {
        const auto* rules = array_at(group.if_object(), "rules");
        for (const json::value& rule : rules == nullptr ? json::array{} : *rules) {
            if (rule.is_object() && text_at(rule.get_object(), "type") == "alerting") {
                out.emplace(text_at(rule.get_object(), "name"),
                            text_at(rule.get_object(), "lastEvaluation"));
            }
        }
    }
    return out;
}

AlertList as_prometheus_names(const AlertList& notified, const AlertList& known) {
    AlertList out;
    for (const auto& [key, alert] : notified) {
        const auto same = std::find_if(known.begin(), known.end(), [&](const auto& each) {
            return each.second.name == alert.name &&
                   std::includes(alert.labels.begin(), alert.labels.end(),
                                 each.second.labels.begin(), each.second.labels.end());
        });
        out.emplace(same == known.end() ? key : same->first, alert);
    }
    return out;
}

std::vector<SeenChange> alert_changes(const AlertList& before, const AlertList& now) {
    std::vector<SeenChange> out;
    for (const auto& [key, alert] : now) {
        const auto known = before.find(key);
        if (known == before.end() || known->second.state != alert.state) {
            out.push_back({{key, alert.state, false, alert.since}, alert.name, alert.changed});
        }
    }
    for (const auto& [key, alert] : before) {
        if (now.find(key) == now.end()) {
            out.push_back({{key, end_of(alert.state), false, {}}, alert.name, {}});
        }
    }
    return out;
}

std::optional<WallClock::time_point> parse_server_time(std::string_view text) {
    // 2026-01-01T00:00:05.123456789+02:00
    constexpr std::size_t kWhole = 19;
    if (text.size() <= kWhole || text[4] != '-' || text[7] != '-' || text[13] != ':' ||
        text[16] != ':') {
        return std::nullopt;
    }
    const int year = number(text.substr(0, 4));
    const int month = number(text.substr(5, 2));
    const int day = number(text.substr(8, 2));
    const int hour = number(text.substr(11, 2));
    const int minute = number(text.substr(14, 2));
    const int second = number(text.substr(17, 2));
    std::size_t at = kWhole;
    Nanoseconds fraction{};
    if (text[at] == '.') {
        Nanoseconds unit = std::chrono::milliseconds(100);
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) {
            fraction += unit * (text[at] - '0');
        }
    }
    const auto offset = parse_offset(text.substr(at));
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!offset || year < 1 || !date.ok() || hour < 0 || minute < 0 || second < 0) {
        return std::nullopt;
    }
    return WallClock::time_point(std::chrono::sys_days(date).time_since_epoch() +
                                 std::chrono::hours(hour) + std::chrono::minutes(minute) +
                                 std::chrono::seconds(second) + fraction - *offset);
}

}  // namespace plimsoll
