// Private to lab: plants and removes faults in a running service, and keeps the ground truth.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lab/cgroup.hpp"
#include "lab/database_connection.hpp"
#include "lab/fault_catalogue.hpp"
#include "lab/lab.hpp"
#include "lab/proxy.hpp"
#include "lab/service.hpp"

#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// A fault that is or was in force, with the moments between which it was, on both clocks.
struct PlantedFault {
    LabFault fault;
    Clock::time_point planted_at;
    WallClock::time_point planted_wall;
    std::optional<Clock::time_point> removed_at;
    std::optional<WallClock::time_point> removed_wall;
    std::string detail;  // such as the folder of its control group
};

/// Threading: plant and remove from one thread at a time; the texts from any.
class FaultControl {
public:
    FaultControl(const LabOptions& options, Service& service);
    ~FaultControl();
    FaultControl(const FaultControl&) = delete;
    FaultControl& operator=(const FaultControl&) = delete;

    /// The service's pool and behaviour without any fault, and the log file.
    [[nodiscard]] Status begin(const std::vector<LabFault>& faults);
    /// What the network and accept-queue faults act upon; null while there is none.
    void attach(HttpServer* server, FaultProxy* proxy);
    /// Plants the faults that need `attach`, and marks all as planted.
    [[nodiscard]] Status plant_first(const std::vector<LabFault>& faults);
    /// In force when it returns. A fault of the same name is replaced. Error: why it cannot be
    /// planted here; then none of that name is in force.
    [[nodiscard]] Status plant(const LabFault& fault);
    /// Error: it is not planted.
    [[nodiscard]] Status remove(std::string_view name);
    void remove_all();

    [[nodiscard]] std::string to_json() const;
    [[nodiscard]] std::vector<PlantedFault> active() const;

private:
    [[nodiscard]] Status start_effect(const LabFault& fault, std::string& detail);
    [[nodiscard]] Status end_effect(std::string_view name);
    [[nodiscard]] Status run_tables(const LabFault& fault);
    [[nodiscard]] Status make_pool(const LabFault* pool_fault);
    [[nodiscard]] Status occupy_slots(int limit, std::string& detail);
    [[nodiscard]] Status set_pgbouncer_size(int size);
    [[nodiscard]] Status set_fsync(bool on, std::string& detail);
    [[nodiscard]] Status limit_cpu(const LabFault& fault, std::string& detail);
    [[nodiscard]] Status limit_memory(const LabFault& fault, std::string& detail);
    [[nodiscard]] Status shape_network(const LabFault* fault);
    [[nodiscard]] Result<PgCell> ask(const std::string& dsn, const std::string& sql) const;
    [[nodiscard]] const LabFault* find(std::string_view name) const;
    void apply_behaviour(const LabFault* added, std::string_view removed);
    void undo(std::string_view name);
    void note_planted(const LabFault& fault, std::string detail);
    void note_removed(std::string_view name);
    void write_log(const PlantedFault& entry, std::string_view event);

    const LabOptions options_;
    Service& service_;
    HttpServer* server_ = nullptr;
    FaultProxy* proxy_ = nullptr;
    std::vector<std::unique_ptr<DatabaseConnection>> ballast_;
    CgroupCage cpu_cage_;
    CgroupCage memory_cage_;
    bool fsync_was_off_ = false;
    std::FILE* log_ = nullptr;
    mutable std::mutex mutex_;  // guards history_
    std::vector<PlantedFault> history_;
};

/// RFC 3339 in UTC with milliseconds.
[[nodiscard]] std::string iso_time(WallClock::time_point at);

}  // namespace plimsoll
