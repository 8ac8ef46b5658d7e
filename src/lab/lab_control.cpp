#include "lab/lab_control.hpp"

#include "lab/json_answer.hpp"
#include "lab/proxy_control.hpp"
#include "net/loopback.hpp"

#include <memory>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace plimsoll {
namespace {

constexpr std::string_view kFaults = "/lab/faults";

/// The faults a body names. Error: it is of none of the forms.
Result<std::vector<std::string>> read_body(const std::string& body) {
    const auto first = body.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) {
        return Error{"the body must name a fault", {}, "for example app-pool:size=5"};
    }
    const auto last = body.find_last_not_of(" \t\r\n");
    if (body[first] != '{') {
        return std::vector<std::string>{body.substr(first, last - first + 1)};
    }
    boost::json::error_code problem;
    const auto value = boost::json::parse(body, problem);
    std::vector<std::string> found;
    if (!problem && value.is_object()) {
        if (const auto* one = value.get_object().if_contains("fault"); one && one->is_string()) {
            found.emplace_back(one->get_string());
        }
        if (const auto* all = value.get_object().if_contains("faults"); all && all->is_array()) {
            for (const auto& one : all->get_array()) {
                if (one.is_string()) {
                    found.emplace_back(one.get_string());
                }
            }
        }
    }
    if (found.empty()) {
        return Error{"the body must be {\"fault\": \"NAME:key=value\"} or {\"faults\": [...]}"};
    }
    return found;
}

}  // namespace

LabControl::LabControl(const Service& service, FaultControl& faults, const LabOptions& options)
    : service_(service), faults_(faults), options_(options) {}

void LabControl::set_addresses(std::string control_url, const std::string& service_listens_on) {
    control_url_ = std::move(control_url);
    service_is_local_ = is_loopback(service_listens_on);
}

void LabControl::handle_on_service(HttpRequest request, Responder responder) {
    if (!service_is_local_ && request.path() != "/lab/state") {
        responder.send(json_error(403, "faults are seen and switched on this machine only, at " +
                                           control_url_ + std::string(kFaults)));
        return;
    }
    handle(std::move(request), std::move(responder));
}

void LabControl::handle(HttpRequest request, Responder responder) {
    const std::string_view path = request.path();
    const bool get = request.method == "GET" || request.method == "HEAD";
    if (path == "/lab/state" && get) {
        responder.send(json_answer(200, state_json()));
    } else if (path == kFaults && get) {
        responder.send(json_answer(200, faults_.to_json()));
    } else if (path == "/lab/state" ||
               (path == kFaults && request.method != "POST" && request.method != "DELETE")) {
        auto response = json_error(405, "this path answers only GET" +
                                            std::string(path == kFaults ? ", POST, DELETE" : ""));
        response.headers.push_back({"Allow", path == kFaults ? "GET, POST, DELETE" : "GET"});
        responder.send(std::move(response));
    } else if (path.starts_with(kFaults)) {
        change(request, std::move(responder));
    } else {
        responder.send(json_error(404, "there is nothing at this path"));
    }
}

void LabControl::change(const HttpRequest& request, Responder responder) {
    if (find_header(request.headers, "Origin") != nullptr) {
        // A web page in a browser on this machine must not break the lab behind its user's back.
        responder.send(json_error(403, "faults are not switched from web pages"));
        return;
    }
    if (!open_.load()) {
        responder.send(json_error(503, "the lab is still starting"));
        return;
    }
    auto to = std::make_shared<Responder>(std::move(responder));
    if (request.method == "POST" && request.path() == kFaults) {
        changes_.post([this, to, body = request.body] { to->send(plant(body)); });
        return;
    }
    std::string name;
    if (request.path().size() > kFaults.size() + 1 && request.path()[kFaults.size()] == '/') {
        name = request.path().substr(kFaults.size() + 1);
    }
    if (request.method != "DELETE" || (name.empty() && request.path() != kFaults)) {
        to->send(json_error(404, "there is nothing at this path"));
        return;
    }
    changes_.post([this, to, name] { to->send(remove(name)); });
}

HttpResponse LabControl::plant(const std::string& body) {
    const auto texts = read_body(body);
    if (!texts) {
        return json_error(400, texts.error().to_string());
    }
    std::vector<LabFault> faults;
    for (const std::string& text : *texts) {
        auto fault = LabFault::parse(text);
        if (!fault) {
            return json_error(400, fault.error().to_string());
        }
        faults.push_back(std::move(fault).value());
    }
    for (const LabFault& fault : faults) {
        if (const auto status = faults_.plant(fault); !status) {
            return json_error(409, status.error().to_string());
        }
    }
    return json_answer(200, faults_.to_json());
}

HttpResponse LabControl::remove(const std::string& name) {
    if (name.empty()) {
        faults_.remove_all();
    } else if (const auto status = faults_.remove(name); !status) {
        return json_error(status.error().what.ends_with("is not planted") ? 404 : 409,
                          status.error().to_string());
    }
    return json_answer(200, faults_.to_json());
}

std::string LabControl::state_json() const {
    const DatabasePoolState now = service_.pool_state();
    boost::json::array faults;
    double hold_s = to_seconds(options_.hold);
    for (const PlantedFault& entry : faults_.active()) {
        const double planted =
            std::chrono::duration<double>(entry.planted_wall.time_since_epoch()).count();
        if (entry.fault.name() != "none") {
            faults.push_back(boost::json::object{{"fault", entry.fault.to_string()},
                                                 {"planted_at", iso_time(entry.planted_wall)},
                                                 {"planted_at_unix", planted}});
        }
        if (entry.fault.name() != "lock-contention") {
            hold_s = entry.fault.find("hold").value_or(hold_s);
        }
    }
    const boost::json::object state{
        {"pool",
         {{"mode", service_.pool_per_request() ? "per-request" : "fixed"},
          {"size", now.size},
          {"overflow", now.overflow},
          {"connected", now.connected},
          {"busy", now.busy},
          {"leaked", now.leaked},
          {"waiting", now.waiting},
          {"timeouts", now.timeouts},
          {"failures", now.failures}}},
        {"hold_seconds", hold_s},
        {"requests", service_.requests()},
        {"kept_bytes", service_.kept_bytes()},
        {"control", control_url_},
        {"faults", std::move(faults)}};
    return boost::json::serialize(state);
}

}  // namespace plimsoll
