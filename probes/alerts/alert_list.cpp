#include "probes/alerts/alert_list.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;

std::string text_at(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string{} : std::string(*text);
}

/// `{job="a",pool="b"}`, sorted, without alertname.
std::string labels_text(const json::object& labels) {
    std::map<std::string, std::string> sorted;
    for (const auto& [name, value] : labels) {
        if (name != "alertname" && value.is_string()) {
            sorted.emplace(std::string(name), std::string(value.get_string()));
        }
    }
    std::string out = "{";
    for (const auto& [name, value] : sorted) {
        out += fmt::format("{}{}=\"{}\"", out.size() > 1 ? "," : "", name, value);
    }
    return out + "}";
}

/// Adds an entry of either list; nothing where it has no labels.
void add(const json::value& entry, const std::string& state, std::string_view since_key,
         AlertList& into) {
    const auto* object = entry.if_object();
    const auto* found = object == nullptr ? nullptr : object->if_contains("labels");
    const auto* labels = found == nullptr ? nullptr : found->if_object();
    if (labels == nullptr) {
        return;
    }
    const std::string name = text_at(*labels, "alertname");
    into[name + labels_text(*labels)] = {name, state.empty() ? text_at(*object, "state") : state,
                                         text_at(*object, since_key)};
}

}  // namespace

Result<AlertList> read_prometheus_alerts(std::string_view body) {
    const Error refusal{"its answer to /api/v1/alerts is not a Prometheus'"};
    boost::system::error_code problem;
    const json::value answer = json::parse(body, problem);
    const auto* object = problem ? nullptr : answer.if_object();
    const auto* data = object == nullptr ? nullptr : object->if_contains("data");
    const auto* alerts =
        data == nullptr || !data->is_object() ? nullptr : data->get_object().if_contains("alerts");
    if (alerts == nullptr || !alerts->is_array()) {
        return refusal;
    }
    AlertList out;
    for (const json::value& each : alerts->get_array()) {
        add(each, {}, "activeAt", out);
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
        add(each, "notified", "startsAt", out);
    }
    return out;
}

std::vector<std::string> alert_changes(const AlertList& before, const AlertList& now) {
    std::vector<std::string> out;
    for (const auto& [labels, alert] : now) {
        const auto known = before.find(labels);
        if (known == before.end() || known->second.state != alert.state) {
            const char* const what =
                alert.state == "notified" ? "reached the Alertmanager" : alert.state.c_str();
            out.push_back(alert.since.empty() ? fmt::format("alert {}: {}", labels, what)
                                              : fmt::format("alert {}: {} (active since {})",
                                                            labels, what, alert.since));
        }
    }
    for (const auto& [labels, alert] : before) {
        if (now.find(labels) == now.end()) {
            out.push_back(alert.state == "pending"
                              ? fmt::format("alert {}: no longer pending", labels)
                          : alert.state == "notified"
                              ? fmt::format("alert {}: gone from the Alertmanager", labels)
                              : fmt::format("alert {}: resolved", labels));
        }
    }
    return out;
}

}  // namespace plimsoll
