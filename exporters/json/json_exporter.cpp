#include "exporters/json/json_exporter.hpp"

#include "base/log.hpp"
#include "exporters/json/json_points.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct Close {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
};

class JsonExporter final : public Exporter {
public:
    explicit JsonExporter(std::filesystem::path path) : path_(std::move(path)) {}

    [[nodiscard]] std::string name() const override { return "json"; }

    [[nodiscard]] Status start(const RunInfo& run, std::span<const ProbeInfo> probes) override {
        file_.reset(std::fopen(path_.c_str(), "we"));
        points_.emplace(run, probes);
        if (!file_ || !put(points_->metrics())) {
            return Error{fmt::format("cannot be written: {}", std::strerror(errno)), path_.string(),
                         "-o json=FILE names a file that can be made"};
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

private:
    bool put(const std::string& lines) {
        return std::fwrite(lines.data(), 1, lines.size(), file_.get()) == lines.size() &&
               std::fflush(file_.get()) == 0;
    }
    void write(const std::string& lines) {
        if (file_ && !put(lines)) {
            spdlog::warn("no more JSON is written path=\"{}\" reason=\"{}\"", path_.string(),
                         std::strerror(errno));
            file_.reset();
        }
    }

    std::filesystem::path path_;
    std::unique_ptr<std::FILE, Close> file_;
    std::optional<JsonPoints> points_;
};

}  // namespace

ExporterPtr make_json_exporter(std::filesystem::path path) {
    return std::make_unique<JsonExporter>(std::move(path));
}

}  // namespace plimsoll
