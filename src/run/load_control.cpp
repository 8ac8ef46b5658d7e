#include "run/load_control.hpp"

#include "base/units.hpp"

#include <algorithm>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll {

Result<std::unique_ptr<LoadControl>> LoadControl::start(const std::string& address,
                                                        std::uint16_t port, Load load) {
    std::unique_ptr<LoadControl> control(new LoadControl(std::move(load)));
    auto server = ControlServer::start(
        address, port, [of = control.get()] { return of->status(); },
        [of = control.get()](const ControlRequest& request) { return of->apply(request); });
    if (!server) {
        return server.error();
    }
    control->server_.emplace(*std::move(server));
    return control;
}

void LoadControl::on_snapshot(const SnapshotPtr& snapshot) {
    const std::lock_guard lock(mutex_);
    latest_ = snapshot;
}

void LoadControl::end() {
    running_ = false;
    server_->stop();
}

Result<std::uint32_t> LoadControl::executor_of(const ControlRequest& request) const {
    const auto& executors = load_.scenario.load;
    std::vector<std::uint32_t> found;
    for (std::uint32_t i = 0; i < executors.size(); ++i) {
        const Executor& each = executors[i];
        if (is_steered(each.kind) && (!request.executor || *request.executor == each.name)) {
            found.push_back(i);
        }
    }
    if (found.size() != 1) {
        return Error{found.empty() ? "no externally-controlled executor is called so"
                                   : "there are several externally-controlled executors",
                     request.executor.value_or("executor"),
                     found.empty() ? "" : "say which by executor, its name"};
    }
    return found.front();
}

Status LoadControl::apply(const ControlRequest& request) {
    if (!running_) {
        return Error{"the load does not run", {}, ""};
    }
    if (request.stop && !stop_asked_.exchange(true)) {
        load_.stops.push({StopKind::Control,
                          "stopping, as asked by the control port: running iterations may end"});
    }
    if (!request.rate && !request.vus) {
        return {};
    }
    const auto executor = executor_of(request);
    if (!executor) {
        return executor.error();
    }
    const auto changed = request.rate ? load_.engine.set_rate(*executor, *request.rate)
                                      : load_.engine.set_users(*executor, *request.vus);
    if (!changed) {
        return changed.error();
    }
    const std::string& name = load_.scenario.load[*executor].name;
    load_.announce(request.rate ? fmt::format("{}: set to {}", name, format_rate(*request.rate))
                                : fmt::format("{}: set to {} users", name, *request.vus));
    return {};
}

std::string LoadControl::status() const {
    SnapshotPtr latest;
    {
        const std::lock_guard lock(mutex_);
        latest = latest_;
    }
    const Nanoseconds elapsed = Clock::now() - load_.run.start.mono;
    boost::json::object status{{"running", running_.load()},
                               {"stopped", stop_asked_.load() || load_.stops.interrupts() > 0},
                               {"elapsed_s", std::max(0.0, to_seconds(elapsed))}};
    if (latest) {
        const EndpointStats total = latest->merged_total();
        status["vus"] = latest->state.users;
        status["vus_max"] = latest->state.users_max;
        status["in_flight"] = latest->state.in_flight;
        status["requests"] = total.requests;
        status["failed"] = total.failed;
        status["cut_off"] = total.cut_off.count();
        status["not_sent"] = latest->total_counts.not_sent();
    }
    boost::json::array executors;
    for (std::uint32_t i = 0; i < load_.scenario.load.size(); ++i) {
        const Executor& each = load_.scenario.load[i];
        const double now =
            is_steered(each.kind) ? load_.engine.level(i) : each.ramp.at(elapsed - each.start_time);
        executors.push_back(boost::json::object{{"name", each.name},
                                                {"executor", to_string(each.kind)},
                                                {"open", is_open(each.kind)},
                                                {is_open(each.kind) ? "rate" : "vus", now},
                                                {"max_vus", each.max_vus}});
    }
    status["executors"] = std::move(executors);
    return boost::json::serialize(status);
}

}  // namespace plimsoll
