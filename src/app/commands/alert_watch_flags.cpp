#include "app/commands/alert_watch_flags.hpp"

#include "app/commands/alert_server.hpp"
#include "app/commands/command_line.hpp"
#include "probes/alerts/alerts_probe.hpp"

#include <utility>
#include <vector>

namespace plimsoll {

void AlertWatchFlags::add_to(Command& command) {
    command
        .add_option("--alerts", alerts,
                    "keep with the run what the alerts of this Prometheus do meanwhile; @FILE: the "
                    "first line of it")
        ->type_name("URL");
    command
        .add_option("--alertmanager", alertmanager,
                    "and when they reach this Alertmanager; @FILE as above")
        ->type_name("URL")
        ->needs("--alerts");
}

Status AlertWatchFlags::apply(SessionOptions& options) const {
    if (alerts.empty()) {
        return {};
    }
    const auto asked = alert_server(alerts, alertmanager);
    if (!asked) {
        return asked.error();
    }
    options.more_probes = [asked = *asked]() -> Result<std::vector<ProbePtr>> {
        auto made = make_alerts_probe(asked);
        if (!made) {
            return made.error();
        }
        std::vector<ProbePtr> probes;
        probes.push_back(std::move(*made));
        return probes;
    };
    return {};
}

}  // namespace plimsoll
