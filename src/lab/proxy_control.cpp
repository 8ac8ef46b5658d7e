#include "lab/proxy_control.hpp"

#include "lab/fault_control.hpp"
#include "lab/json_answer.hpp"
#include "net/http_server.hpp"

#include <mutex>
#include <optional>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace plimsoll {

struct ControlledProxy::State {
    State(FaultProxy made, const LabFault& first) : proxy(std::move(made)), network(first) {}

    HttpResponse answer(const HttpRequest& request);
    HttpResponse change(const HttpRequest& request);
    std::string faults_json();
    std::string state_json();

    FaultProxy proxy;
    std::mutex mutex;
    LabFault network;
    WallAnchor since = WallAnchor::now();
    std::optional<HttpServer> control;  // last: it stops first
};

std::string ControlledProxy::State::faults_json() {
    const std::lock_guard lock(mutex);
    return boost::json::serialize(boost::json::object{
        {"fault", network.to_string()},
        {"planted_at", iso_time(since.wall)},
        {"planted_at_unix", std::chrono::duration<double>(since.wall.time_since_epoch()).count()},
        {"planted_at_monotonic_ns",
         std::chrono::duration_cast<Nanoseconds>(since.mono.time_since_epoch()).count()}});
}

std::string ControlledProxy::State::state_json() {
    const ProxyState now = proxy.state();
    return boost::json::serialize(boost::json::object{{"accepted", now.accepted},
                                                      {"open", now.open},
                                                      {"dropped", now.dropped},
                                                      {"resets", now.resets},
                                                      {"failed", now.failed},
                                                      {"bytes", now.bytes}});
}

HttpResponse ControlledProxy::State::change(const HttpRequest& request) {
    if (find_header(request.headers, "Origin") != nullptr) {
        return json_error(403, "faults are not switched from web pages");
    }
    std::string text = request.method == "POST" ? request.body : "network";
    text.erase(text.find_last_not_of(" \t\r\n") + 1);
    auto fault = LabFault::parse(text);
    if (!fault) {
        return json_error(400, fault.error().to_string());
    }
    if (fault->name() != "network") {
        return json_error(409, "the proxy plants only network");
    }
    proxy.set(ProxyFaults::of(*fault));
    {
        const std::lock_guard lock(mutex);
        network = std::move(*fault);
        since = WallAnchor::now();
    }
    return json_answer(200, faults_json());
}

HttpResponse ControlledProxy::State::answer(const HttpRequest& request) {
    const bool get = request.method == "GET" || request.method == "HEAD";
    if (request.path() == "/lab/state" && get) {
        return json_answer(200, state_json());
    }
    if (request.path() != "/lab/faults") {
        return json_error(404, "there is nothing at this path");
    }
    if (get) {
        return json_answer(200, faults_json());
    }
    if (request.method == "POST" || request.method == "DELETE") {
        return change(request);
    }
    auto response = json_error(405, "this path answers only GET, POST, DELETE");
    response.headers.push_back({"Allow", "GET, POST, DELETE"});
    return response;
}

ControlledProxy::ControlledProxy(std::unique_ptr<State> state) : state_(std::move(state)) {}
ControlledProxy::~ControlledProxy() = default;
ControlledProxy::ControlledProxy(ControlledProxy&&) noexcept = default;
ControlledProxy& ControlledProxy::operator=(ControlledProxy&&) noexcept = default;

Result<ControlledProxy> ControlledProxy::start(ProxyOptions options, const LabFault& network,
                                               const std::string& control_address,
                                               std::uint16_t control_port) {
    options.faults = ProxyFaults::of(network);
    auto proxy = FaultProxy::start(options);
    if (!proxy) {
        return proxy.error();
    }
    auto state = std::make_unique<State>(std::move(*proxy), network);
    const HttpServerOptions http = own_port_options(control_address, control_port);
    auto control = HttpServer::start(
        http, [raw = state.get()](const HttpRequest& request, Responder responder) {
            responder.send(raw->answer(request));
        });
    if (!control) {
        return control.error();
    }
    state->control.emplace(std::move(*control));
    return ControlledProxy(std::move(state));
}

std::uint16_t ControlledProxy::port() const {
    return state_->proxy.port();
}
std::string ControlledProxy::control_url() const {
    return state_->control->url();
}

}  // namespace plimsoll
