#include "run/load_control.hpp"

#include "base/units.hpp"
#include "signal/mark.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll {

Status LoadControl::serve(const std::string& address, std::uint16_t port) {
    auto server = ControlServer::start(
        address, port, [this] { return status(); },
        [this](const ControlRequest& request) { return apply(request, "the control port"); });
    if (!server) {
        return server.error();
    }
    server_.emplace(*std::move(server));
    return {};
}

void LoadControl::on_snapshot(const SnapshotPtr& snapshot) {
    const std::lock_guard lock(mutex_);
    latest_ = snapshot;
}

void LoadControl::end() {
    {
        const std::lock_guard lock(changing_);
        running_ = false;
    }
    if (server_) {
        server_->stop();
    }
}

/// Those that can be set and that the request may mean.
std::vector<std::uint32_t> LoadControl::steered(const ControlRequest& request) const {
    const auto& executors = load_.scenario.load;
    std::vector<std::uint32_t> found;
    for (std::uint32_t i = 0; i < executors.size(); ++i) {
        const Executor& each = executors[i];
        if (is_steered(each.kind) && (!request.executor || *request.executor == each.name)) {
            found.push_back(i);
        }
    }
    return found;
}

Result<std::uint32_t> LoadControl::executor_of(const ControlRequest& request) const {
    const auto found = steered(request);
    if (found.size() != 1) {
        return Error{found.empty() ? "no externally-controlled executor is called so"
                                   : "there are several externally-controlled executors",
                     request.executor.value_or("executor"),
                     found.empty() ? "" : "say which by executor, its name"};
    }
    return found.front();
}

Status LoadControl::set(std::uint32_t executor, double level) {
    const auto changed = is_open(load_.scenario.load[executor].kind)
                             ? load_.source.set_rate(executor, Rate::per_second(level))
                             : load_.source.set_users(executor, static_cast<std::uint32_t>(level));
    return changed ? Status() : Status(changed.error());
}

Status LoadControl::set_level(const ControlRequest& request) {
    const auto executor = executor_of(request);
    if (!executor) {
        return executor.error();
    }
    const auto changed = request.rate ? load_.source.set_rate(*executor, *request.rate)
                                      : load_.source.set_users(*executor, *request.vus);
    if (!changed) {
        return changed.error();
    }
    paused_.erase(*executor);
    const std::string& name = load_.scenario.load[*executor].name;
    load_.announce(EventKind::StageChanged,
                   request.rate ? fmt::format("{}: set to {}", name, format_rate(*request.rate))
                                : fmt::format("{}: set to {} users", name, *request.vus));
    return {};
}

/// All that can be set, or the one that is named. What is paused already stays so.
Status LoadControl::set_paused(const ControlRequest& request) {
    const auto executors = steered(request);
    if (executors.empty()) {
        return Error{"only an externally-controlled executor can be paused",
                     request.executor.value_or("paused"), "the others follow their schedule"};
    }
    for (const std::uint32_t executor : executors) {
        const auto before = paused_.find(executor);
        if (*request.paused == (before != paused_.end())) {
            continue;
        }
        const double level = *request.paused ? load_.source.level(executor) : before->second;
        if (Status changed = set(executor, *request.paused ? 0 : level); !changed) {
            return changed;
        }
        const Executor& which = load_.scenario.load[executor];
        if (*request.paused) {
            paused_[executor] = level;
        } else {
            paused_.erase(before);
        }
        load_.announce(EventKind::StageChanged,
                       *request.paused ? fmt::format("{}: paused", which.name)
                       : is_open(which.kind)
                           ? fmt::format("{}: goes on with {}", which.name,
                                         format_rate(Rate::per_second(level)))
                           : fmt::format("{}: goes on with {:.0f} users", which.name, level));
    }
    return {};
}

Status LoadControl::apply(const ControlRequest& request, std::string_view by) {
    const std::lock_guard lock(changing_);
    if (!running_) {
        return Error{"the load does not run", {}, ""};
    }
    // First what can be refused: of a request that is, nothing happens.
    if (request.rate || request.vus) {
        if (Status changed = set_level(request); !changed) {
            return changed;
        }
    } else if (request.paused) {
        if (Status changed = set_paused(request); !changed) {
            return changed;
        }
    }
    if (request.note) {
        load_.announce(EventKind::Note, mark_text(*request.note));
    }
    if (request.stop && !stop_asked_.exchange(true)) {
        load_.stops.push({StopKind::Control,
                          fmt::format("stopping, as asked by {}: running iterations may end", by)});
    }
    return {};
}

std::vector<bool> LoadControl::paused() const {
    const std::lock_guard lock(changing_);
    std::vector<bool> all(load_.scenario.load.size());
    for (const auto& [executor, level] : paused_) {
        all[executor] = true;
    }
    return all;
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
    const auto paused_now = paused();
    boost::json::array executors;
    for (std::uint32_t i = 0; i < load_.scenario.load.size(); ++i) {
        const Executor& each = load_.scenario.load[i];
        const double now =
            is_steered(each.kind) ? load_.source.level(i) : each.ramp.at(elapsed - each.start_time);
        executors.push_back(boost::json::object{{"name", each.name},
                                                {"executor", to_string(each.kind)},
                                                {"open", is_open(each.kind)},
                                                {is_open(each.kind) ? "rate" : "vus", now},
                                                {"max_vus", each.max_vus}});
        if (is_steered(each.kind)) {
            executors.back().as_object()["paused"] = bool{paused_now[i]};
        }
    }
    status["executors"] = std::move(executors);
    return boost::json::serialize(status);
}

}  // namespace plimsoll
