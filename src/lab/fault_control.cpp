#include "lab/fault_control.hpp"

#include "base/shown_text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <thread>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

/// The two that decide over the pool exclude one another.
bool is_pool_fault(std::string_view name) {
    return name == "app-pool" || name == "max-connections";
}

double unix_seconds(WallClock::time_point at) {
    return std::chrono::duration<double>(at.time_since_epoch()).count();
}

std::int64_t monotonic_ns(Clock::time_point at) {
    return std::chrono::duration_cast<Nanoseconds>(at.time_since_epoch()).count();
}

boost::json::object describe(const PlantedFault& entry) {
    boost::json::object values;
    for (const FaultKey& key : entry.fault.type().keys) {
        if (const auto value = entry.fault.find(key.name)) {
            values[key.name] = *value;
        }
    }
    boost::json::object object{{"fault", entry.fault.to_string()},
                               {"name", entry.fault.name()},
                               {"active", !entry.removed_at.has_value()},
                               {"values", std::move(values)},
                               {"planted_at", iso_time(entry.planted_wall)},
                               {"planted_at_unix", unix_seconds(entry.planted_wall)},
                               {"planted_at_monotonic_ns", monotonic_ns(entry.planted_at)}};
    if (entry.removed_at && entry.removed_wall) {
        object["removed_at"] = iso_time(*entry.removed_wall);
        object["removed_at_unix"] = unix_seconds(*entry.removed_wall);
        object["removed_at_monotonic_ns"] = monotonic_ns(*entry.removed_at);
    }
    if (!entry.detail.empty()) {
        object["detail"] = entry.detail;
    }
    return object;
}

}  // namespace

std::string iso_time(WallClock::time_point at) {
    const std::time_t seconds = WallClock::to_time_t(at);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch());
    return fmt::format("{}.{:03}Z", std::string_view(text.data(), size), since.count() % 1000);
}

FaultControl::FaultControl(const LabOptions& options, Service& service)
    : options_(options), service_(service) {}

FaultControl::~FaultControl() {
    if (log_ != nullptr) {
        std::fclose(log_);
    }
}

Status FaultControl::begin(const std::vector<LabFault>& faults) {
    if (!options_.fault_log.empty()) {
        log_ = std::fopen(options_.fault_log.c_str(), "ae");
        if (log_ == nullptr) {
            return Error{"cannot be written: " + std::generic_category().message(errno),
                         options_.fault_log,
                         {}};
        }
    }
    const LabFault* pool = nullptr;
    for (const LabFault& fault : faults) {
        if (is_pool_fault(fault.name())) {
            if (pool != nullptr) {
                return Error{
                    fmt::format("{} and {} exclude one another", pool->name(), fault.name()),
                    "fault",
                    {}};
            }
            pool = &fault;
        }
    }
    return make_pool(pool);
}

void FaultControl::attach(HttpServer* server, FaultProxy* proxy) {
    server_ = server;
    proxy_ = proxy;
}

Status FaultControl::plant_first(const std::vector<LabFault>& faults) {
    apply_behaviour(nullptr, {});
    for (const LabFault& fault : faults) {
        if (fault.name() == "app-pool") {  // the pool was made so
            apply_behaviour(&fault, {});
            note_planted(fault, {});
        } else if (fault.name() == "max-connections") {
            std::string detail;
            if (const auto status = occupy_slots(fault.count("limit"), detail); !status) {
                return status;
            }
            apply_behaviour(&fault, {});
            note_planted(fault, std::move(detail));
        } else if (const auto status = plant(fault); !status) {
            return status;
        }
    }
    return {};
}

Status FaultControl::plant(const LabFault& fault) {
    for (const auto& [name, other] :
         {std::pair{"app-pool", "max-connections"}, std::pair{"max-connections", "app-pool"}}) {
        if (fault.name() == name && find(other) != nullptr) {
            return Error{fmt::format("{} and {} exclude one another", name, other), "fault",
                         fmt::format("remove {} first", other)};
        }
    }
    if (const auto status = run_tables(fault); !status) {
        return status;
    }
    std::string detail;
    if (const auto status = start_effect(fault, detail); !status) {
        undo(fault.name());
        return status;
    }
    apply_behaviour(&fault, {});
    note_removed(fault.name());  // the one it replaces
    note_planted(fault, std::move(detail));
    return {};
}

/// After an effect that could not be brought about, or only in part.
void FaultControl::undo(std::string_view name) {
    if (find(name) != nullptr) {
        static_cast<void>(remove(name));
    } else if (name == "max-connections") {
        static_cast<void>(end_effect(name));
    }
}

Status FaultControl::remove(std::string_view name) {
    if (find(name) == nullptr) {
        return Error{fmt::format("{} is not planted", name), "fault", {}};
    }
    apply_behaviour(nullptr, name);
    const Status ended = end_effect(name);
    if (ended) {
        note_removed(name);
    }
    return ended;
}

void FaultControl::remove_all() {
    for (const PlantedFault& entry : active()) {
        static_cast<void>(remove(entry.fault.name()));
    }
}

const LabFault* FaultControl::find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    for (const PlantedFault& entry : history_) {
        if (!entry.removed_at && entry.fault.name() == name) {
            return &entry.fault;
        }
    }
    return nullptr;
}

std::vector<PlantedFault> FaultControl::active() const {
    const std::lock_guard lock(mutex_);
    std::vector<PlantedFault> found;
    std::copy_if(history_.begin(), history_.end(), std::back_inserter(found),
                 [](const PlantedFault& entry) { return !entry.removed_at; });
    return found;
}

/// With `added` in place of one of its name, without `removed`.
void FaultControl::apply_behaviour(const LabFault* added, std::string_view removed) {
    const auto now = active();
    std::vector<const LabFault*> faults;
    for (const PlantedFault& entry : now) {
        const bool replaced = added != nullptr && entry.fault.name() == added->name();
        if (!replaced && entry.fault.name() != removed) {
            faults.push_back(&entry.fault);
        }
    }
    if (added != nullptr) {
        faults.push_back(added);
    }
    service_.set_behaviour(behaviour_of(faults, options_.hold));
}

void FaultControl::note_planted(const LabFault& fault, std::string detail) {
    const auto now = WallAnchor::now();
    PlantedFault entry{fault, now.mono, now.wall, {}, {}, std::move(detail)};
    write_log(entry, "planted");
    const std::lock_guard lock(mutex_);
    history_.push_back(std::move(entry));
}

void FaultControl::note_removed(std::string_view name) {
    const auto now = WallAnchor::now();
    const std::lock_guard lock(mutex_);
    for (PlantedFault& entry : history_) {
        if (!entry.removed_at && entry.fault.name() == name) {
            entry.removed_at = now.mono;
            entry.removed_wall = now.wall;
            write_log(entry, "removed");
        }
    }
}

void FaultControl::write_log(const PlantedFault& entry, std::string_view event) {
    if (log_ != nullptr) {
        auto object = describe(entry);
        object["event"] = event;
        std::fprintf(log_, "%s\n", shown_line(boost::json::serialize(object)).c_str());
        std::fflush(log_);
    }
}

std::string FaultControl::to_json() const {
    boost::json::array all;
    const std::lock_guard lock(mutex_);
    for (const PlantedFault& entry : history_) {
        all.push_back(describe(entry));
    }
    return boost::json::serialize(boost::json::object{{"faults", std::move(all)}});
}

}  // namespace plimsoll
