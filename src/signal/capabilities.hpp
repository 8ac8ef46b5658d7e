// What an exporter may do beside carrying a run's data. Each is optional: an exporter that derives
// from one of these classes as well has it. ExporterWorker looks when it is made, so that nobody
// has to know an exporter by its name, and what none can use is not computed.
#pragma once

#include "base/clock.hpp"
#include "signal/run_view.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll {

/// Hears how the thresholds stand: at the start, before each snapshot, and once the run is judged
/// (RunVerdict::final), with the findings. Such an exporter stays open until then. On the
/// exporter's own thread; where it is slow it hears only the latest.
class HearsVerdict {
public:
    virtual ~HearsVerdict() = default;
    virtual void on_verdict(const VerdictPtr& verdict) = 0;
};

/// Hears what became of every exporter's records, its own among them: as HearsVerdict, and once
/// when all exporters that end with the load have ended.
class HearsDeliveries {
public:
    virtual ~HearsDeliveries() = default;
    virtual void on_deliveries(const ExporterCountsPtr& counts) = 0;
};

/// Hears that the load is over and the probes read no more: nothing comes after it but a verdict
/// and counts. On the exporter's own thread, in its turn.
class HearsLoadEnd {
public:
    virtual ~HearsLoadEnd() = default;
    virtual void on_load_end() = 0;
};

/// What is known of one of those who read a pull endpoint.
struct Scrapes {
    std::uint64_t count = 0;
    bool by_scraper = false;  // it said so, by the header that Prometheus and its kin send
    Nanoseconds interval{};   // between them: the middle one of the latest; 0 with fewer than two
    Clock::time_point latest{};
};
/// Of each, in the order in which they came first: the same place is the same reader at any time.
using ScrapesByReader = std::vector<Scrapes>;

/// Others come to it and read. It outlives the load until they have seen the end, and that its
/// address is taken is the run's fault, not the address's.
class ServesReaders {
public:
    virtual ~ServesReaders() = default;
    /// Where; empty before the exporter's start. Fixed from then on.
    [[nodiscard]] virtual std::string url() const = 0;
    /// From any thread.
    [[nodiscard]] virtual ScrapesByReader scrapes() const = 0;
};

}  // namespace plimsoll
