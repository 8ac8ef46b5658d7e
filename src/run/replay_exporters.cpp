#include "run/replay_exporters.hpp"

#include "exporters/otlp/otlp_options.hpp"
#include "exporters/prometheus/openmetrics_history.hpp"
#include "run/push_kinds.hpp"
#include "store/replay.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

Result<NamesAndValues> labels_of(const RunReader& reader, NamesAndValues labels) {
    auto facts = reader.facts();
    if (!facts) {
        return facts.error();
    }
    const auto add = [&](const char* name, const std::string& value) {
        const bool given = std::any_of(labels.begin(), labels.end(),
                                       [&](const auto& label) { return label.first == name; });
        if (!given) {
            labels.emplace_back(name, value);
        }
    };
    add("job", "plimsoll");
    add("instance", (*facts)["env.host"]);
    return labels;
}

Result<Deliveries> write_file(const RunReader& reader, const ReplayTarget& target,
                              NamesAndValues labels, const VerdictPtr& verdict) {
    OpenMetricsHistory history({target.openmetrics, target.step, std::move(labels)});
    if (Status told = replay_run(reader, history, verdict); !told) {
        return told.error();
    }
    history.finish(Clock::time_point::max());
    if (Status written = history.written(); !written) {
        return written.error();
    }
    return history.deliveries().value_or(Deliveries{});
}

Result<Deliveries> send(const RunReader& reader, const ReplayTarget& target, NamesAndValues labels,
                        const VerdictPtr& verdict) {
    RemoteWriteConfig config;
    config.access.url = target.remote_write;
    config.classic = target.classic;
    config.native = target.native;
    config.interval = target.step;
    config.labels = std::move(labels);
    auto options = remote_write_options(config, process_environment());
    if (!options) {
        return options.error();
    }
    options->wait_for_room = true;
    options->give_up_after = 30s;
    const Nanoseconds patience = options->give_up_after + options->timeout;
    auto exporter = RemoteWriteExporter::make(*std::move(options));
    if (!exporter) {
        return exporter.error();
    }
    if (Status told = replay_run(reader, **exporter, verdict); !told) {
        return told.error();
    }
    (*exporter)->finish(Clock::now() + patience);
    return (*exporter)->deliveries().value_or(Deliveries{});
}

}  // namespace

Result<Deliveries> replay_to(const RunReader& reader, const ReplayTarget& target,
                             const VerdictPtr& verdict) {
    auto labels = labels_of(reader, target.labels);
    if (!labels) {
        return labels.error();
    }
    return target.remote_write.empty() ? write_file(reader, target, *std::move(labels), verdict)
                                       : send(reader, target, *std::move(labels), verdict);
}

}  // namespace plimsoll
