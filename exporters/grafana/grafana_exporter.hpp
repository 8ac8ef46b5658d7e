// What happens in a run as annotations of Grafana.
#pragma once

#include "net/http_delivery.hpp"
#include "signal/happening.hpp"

#include <memory>
#include <string>
#include <vector>

namespace plimsoll {

struct GrafanaOptions {
    HttpAccess access;          // Grafana itself; what its path has is kept
    std::string dashboard_uid;  // empty: annotations of the organisation
    std::vector<std::string> tags;
    Nanoseconds timeout = std::chrono::seconds(10);
    Nanoseconds first_wait = std::chrono::seconds(1);
    Nanoseconds give_up_after = std::chrono::seconds(60);
};

/// The body of POST /api/annotations for one happening: a region where it has a length. Tags are
/// "plimsoll", "run:ID", "scenario:NAME", the kind, and `options`' own.
[[nodiscard]] std::string annotation_of(const Happening& happening, const RunInfo& run,
                                        const GrafanaOptions& options);

/// Sends each happening as it becomes known. What fails is counted and never fatal.
class GrafanaExporter final : public HappeningExporter {
public:
    /// Error: a certificate or key cannot be read.
    [[nodiscard]] static Result<std::unique_ptr<GrafanaExporter>> make(GrafanaOptions options);

    [[nodiscard]] std::optional<Deliveries> deliveries() const override;
    void finish(Clock::time_point deadline) override;

protected:
    [[nodiscard]] Status open() override { return {}; }
    void tell(const Happening& happening) override;

private:
    GrafanaExporter(GrafanaOptions options, HttpTransport transport);

    GrafanaOptions options_;
    std::string target_;
    HttpDelivery delivery_;
};

}  // namespace plimsoll
