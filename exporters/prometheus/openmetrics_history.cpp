#include "exporters/prometheus/openmetrics_history.hpp"

#include "base/output_file.hpp"
#include "exporters/prometheus/openmetrics_lines.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {

/// A family's samples, each in a file of its own until they are all there.
struct OpenMetricsHistory::Families {
    struct Family {
        MetricDescriptor metric;
        OutputFile file;
    };
    OutputFile target;
    std::vector<Family> families;  // in the order in which they came up
    std::map<std::string, std::size_t, std::less<>> index;
    std::optional<OpenMetricsLines> lines;
    std::string buffer;
    std::atomic<std::uint64_t> samples = 0;
    std::string failure;
    bool ended = false;

    Family* family(const MetricDescriptor& metric) {
        const auto [at, fresh] = index.emplace(metric.name, families.size());
        if (fresh) {
            families.push_back({metric, OutputFile(std::tmpfile())});
        }
        Family& found = families[at->second];
        return found.file ? &found : nullptr;
    }
    void put(std::FILE* to, std::string_view text) {
        if (failure.empty() && std::fwrite(text.data(), 1, text.size(), to) != text.size()) {
            failure = std::strerror(errno);
        }
    }
    void join();
};

/// All into the target.
void OpenMetricsHistory::Families::join() {
    constexpr std::size_t kBlock = std::size_t{1} << 20U;
    std::string block(kBlock, '\0');
    for (Family& family : families) {
        if (!family.file) {
            continue;
        }
        put(target.get(), OpenMetricsLines::head(family.metric));
        std::rewind(family.file.get());
        for (std::size_t read = kBlock; read == kBlock;) {
            read = std::fread(block.data(), 1, kBlock, family.file.get());
            put(target.get(), std::string_view(block).substr(0, read));
        }
        if (std::ferror(family.file.get()) != 0 && failure.empty()) {
            failure = "what was kept aside cannot be read back";
        }
        family.file.reset();
    }
    put(target.get(), "# EOF\n");
    if (std::fflush(target.get()) != 0 && failure.empty()) {
        failure = std::strerror(errno);
    }
    target.reset();
    ended = true;
}

OpenMetricsHistory::OpenMetricsHistory(OpenMetricsHistoryOptions options)
    : MetricExporter("openmetrics"), options_(std::move(options)) {}
OpenMetricsHistory::~OpenMetricsHistory() = default;

Status OpenMetricsHistory::open() {
    families_ = std::make_unique<Families>();
    if (options_.path == "-") {
        families_->target.reset(::fdopen(::dup(STDOUT_FILENO), "w"));
    } else if (auto file = open_output(options_.path); file) {
        families_->target = *std::move(file);
    } else {
        return file.error();
    }
    families_->lines.emplace(state()->run());
    return {};
}

void OpenMetricsHistory::on_tick() {
    const bool last = state()->view().snapshot->last;
    if (last || sampled_at_ == Clock::time_point::min() ||
        ticked_at() - sampled_at_ >= options_.step) {
        sample(ticked_at());
    }
}

void OpenMetricsHistory::on_judged() {
    // Its time stamp must be a new one: a series has one sample a millisecond.
    sample(std::max(ticked_at(), sampled_at_ + std::chrono::milliseconds(1)));
}

void OpenMetricsHistory::sample(Clock::time_point at) {
    sampled_at_ = at;
    const auto wall = state()->run().start.to_wall(at).time_since_epoch();
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(wall).count();
    const std::string time = fmt::format("{}.{:03}", ms / 1000, ms % 1000);
    const MetricFrame frame = state()->frame();
    for (const MetricFamily& each : frame.families) {
        Families::Family* const family = families_->family(*each.metric);
        if (family == nullptr) {
            families_->failure = "no more files can be opened";
            return;
        }
        families_->buffer.clear();
        for (const MetricSeries& series : each.series) {
            families_->samples += families_->lines->add(series, *each.metric, options_.labels, time,
                                                        families_->buffer);
        }
        families_->put(family->file.get(), families_->buffer);
    }
}

void OpenMetricsHistory::finish(Clock::time_point /*deadline*/) {
    if (families_ && !families_->ended) {
        families_->join();
    }
}

Status OpenMetricsHistory::written() const {
    if (!families_ || families_->failure.empty()) {
        return {};
    }
    return Error{families_->failure, options_.path.string()};
}

std::optional<Deliveries> OpenMetricsHistory::deliveries() const {
    Deliveries out{.unit = "samples"};
    out.sent = families_ ? families_->samples.load() : 0;
    return out;
}

}  // namespace plimsoll
