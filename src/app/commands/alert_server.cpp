#include "app/commands/alert_server.hpp"

#include "app/commands/flag_text.hpp"

#include <utility>

namespace plimsoll {

Result<AlertsProbeOptions> alert_server(const std::string& alerts,
                                        const std::string& alertmanager) {
    AlertsProbeOptions options;
    auto prometheus = flag_text(alerts, "--alerts");
    if (!prometheus) {
        return prometheus.error();
    }
    options.prometheus = *std::move(prometheus);
    if (!alertmanager.empty()) {
        auto notifier = flag_text(alertmanager, "--alertmanager");
        if (!notifier) {
            return notifier.error();
        }
        options.alertmanager = *std::move(notifier);
    }
    if (const auto tried = make_alerts_probe(options); !tried) {
        return at_flag(tried.error(), "--alerts");
    }
    return options;
}

}  // namespace plimsoll
