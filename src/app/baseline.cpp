#include "app/baseline.hpp"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRunFile = "run.db";

bool is_run_folder(const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path / kRunFile, ignored);
}

Error system_error(const fs::path& path, const std::error_code& failed, std::string hint) {
    return {failed.message(), path.string(), std::move(hint)};
}

/// Run folders and run files directly below.
Result<std::vector<std::string>> runs_below(const fs::path& folder) {
    std::vector<std::string> runs;
    std::error_code failed;
    for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        std::error_code ignored;
        const bool file = entry->path().extension() == ".db" && entry->is_regular_file(ignored);
        if (file || is_run_folder(entry->path())) {
            runs.push_back(entry->path().string());
        }
    }
    if (failed) {
        return system_error(folder, failed, "it should be a folder that can be read");
    }
    std::sort(runs.begin(), runs.end());
    return runs;
}

}  // namespace

Result<std::vector<std::string>> runs_in(const std::string& path) {
    std::error_code ignored;
    if (!fs::is_directory(path, ignored) || is_run_folder(path)) {
        return std::vector{path};
    }
    auto runs = runs_below(path);
    if (runs && runs->empty()) {
        return Error{"holds no run", path,
                     "name a run folder, its run.db, or a folder that holds run folders"};
    }
    return runs;
}

Result<std::vector<std::string>> kept_runs(const fs::path& folder) {
    std::error_code failed;
    if (!fs::exists(folder, failed) && !failed) {
        return std::vector<std::string>{};
    }
    return runs_below(folder);
}

Status keep_runs(const fs::path& folder, const std::vector<std::string>& runs) {
    std::error_code failed;
    fs::create_directories(folder, failed);
    if (failed) {
        return system_error(folder, failed, "the baseline's folder cannot be made");
    }
    auto old = runs_below(folder);
    if (!old) {
        return old.error();
    }
    // All are there before the first takes its place: a full disk leaves the old ones.
    std::vector<std::pair<fs::path, fs::path>> parts;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const fs::path from =
            fs::is_directory(runs[i]) ? fs::path(runs[i]) / kRunFile : fs::path(runs[i]);
        const fs::path to = folder / fmt::format("run-{}.db", i + 1);
        fs::path part = to;
        part += ".part";
        fs::copy_file(from, part, fs::copy_options::overwrite_existing, failed);
        if (failed) {
            return system_error(part, failed, "the run was compared, and not kept as the baseline");
        }
        parts.emplace_back(std::move(part), to);
    }
    for (const auto& [part, to] : parts) {
        fs::rename(part, to, failed);
        if (failed) {
            return system_error(to, failed, "the run was compared, and not kept as the baseline");
        }
        std::erase(*old, to.string());
    }
    for (const std::string& path : *old) {
        if (fs::path(path).filename().string().starts_with("run-")) {
            fs::remove(path, failed);  // one of more runs kept before
        }
    }
    return {};
}

}  // namespace plimsoll
