// Private to lab: the routes under /lab, by which faults are seen and switched.
#pragma once

#include "lab/fault_control.hpp"
#include "lab/service.hpp"
#include "lab/worker_pool.hpp"
#include "net/http_server.hpp"

#include <atomic>
#include <string>

namespace plimsoll {

/// GET /lab/state, GET /lab/faults, POST /lab/faults ("NAME:key=value,..." as plain text, or
/// {"fault": "..."} or {"faults": [...]}), DELETE /lab/faults and /lab/faults/NAME. Changes happen
/// one after the other on a thread of their own and are answered when they are in force.
class LabControl {
public:
    LabControl(const Service& service, FaultControl& faults, const LabOptions& options);

    /// Before the first request.
    void set_addresses(std::string control_url, const std::string& service_listens_on);
    /// On an HTTP thread of the control address.
    void handle(HttpRequest request, Responder responder);
    /// On an HTTP thread of the service: as `handle` when that listens on loopback, else no change.
    void handle_on_service(HttpRequest request, Responder responder);
    [[nodiscard]] std::string state_json() const;
    /// Faults may be switched from now on; before, such requests are answered 503.
    void open() { open_.store(true); }
    void stop() { changes_.stop(); }

private:
    [[nodiscard]] HttpResponse plant(const std::string& body);
    [[nodiscard]] HttpResponse remove(const std::string& name);
    void change(const HttpRequest& request, Responder responder);

    const Service& service_;
    FaultControl& faults_;
    const LabOptions& options_;
    std::string control_url_;
    bool service_is_local_ = true;
    std::atomic<bool> open_{false};
    WorkerPool changes_{1};
};

}  // namespace plimsoll
