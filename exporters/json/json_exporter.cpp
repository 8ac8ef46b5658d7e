#include "exporters/json/json_exporter.hpp"

#include "base/log.hpp"
#include "base/output_file.hpp"
#include "exporters/json/json_points.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace {

class JsonExporter final : public Exporter {
public:
    explicit JsonExporter(std::filesystem::path path) : path_(std::move(path)) {}

    [[nodiscard]] std::string name() const override { return "json"; }

    [[nodiscard]] Status start(const RunInfo& run, std::span<const ProbeInfo> probes) override {
        auto file = open_output(path_);
        if (!file) {
            return file.error();
        }
        file_ = *std::move(file);
        points_.emplace(run, probes);
        if (!put(points_->metrics())) {
            return Error{fmt::format("cannot be written: {}", std::strerror(errno)),
                         path_.string()};
        }
        return {};
    }
    void on_snapshot(const SnapshotPtr& snapshot) override { write(points_->tick(*snapshot)); }
    void on_reading(std::size_t probe, const Reading& reading,
                    const ProbeHealth& /*health*/) override {
        write(points_->reading(probe, reading));
    }
    void on_gap(std::size_t /*probe*/, const Gap& /*gap*/, const ProbeHealth& /*health*/) override {
    }
    void on_event(const Event& /*event*/) override {}
    void on_dropped(std::uint64_t /*total*/) override {}
    void finish(Clock::time_point /*deadline*/) override { file_.reset(); }
    [[nodiscard]] std::optional<Deliveries> deliveries() const override {
        const std::lock_guard lock(mutex_);
        return counts_;
    }

private:
    bool put(const std::string& lines) {
        return std::fwrite(lines.data(), 1, lines.size(), file_.get()) == lines.size() &&
               std::fflush(file_.get()) == 0;
    }
    void write(const std::string& lines) {
        const auto count = static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
        const std::lock_guard lock(mutex_);
        if (!file_) {
            counts_.dropped += count;
        } else if (put(lines)) {
            counts_.sent += count;
        } else {
            counts_.dropped += count;
            counts_.last_error = std::strerror(errno);
            spdlog::warn("no more JSON is written path=\"{}\" reason=\"{}\"", path_.string(),
                         counts_.last_error);
            file_.reset();
        }
    }

    std::filesystem::path path_;
    OutputFile file_;
    std::optional<JsonPoints> points_;
    mutable std::mutex mutex_;
    Deliveries counts_{.unit = "lines"};  // under mutex_
};

}  // namespace

ExporterPtr make_json_exporter(std::filesystem::path path) {
    return std::make_unique<JsonExporter>(std::move(path));
}

}  // namespace plimsoll
