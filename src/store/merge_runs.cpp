#include "store/merge_runs.hpp"

#include "store/merger.hpp"
#include "store/run_writer.hpp"
#include "store/segment_check.hpp"

#include <system_error>

namespace plimsoll {

namespace {

namespace fs = std::filesystem;

}  // namespace

Result<MergedRun> merge_runs(std::span<const fs::path> runs, const fs::path& into,
                             const MergeOptions& options) {
    auto opened = open_segments(runs, options.partial);
    if (!opened) {
        return opened.error();
    }
    const MergedRun merged = describe_segments(*opened);
    const auto writer = make_run_file_exporter(into);
    std::error_code code;
    if (fs::exists(into, code)) {
        return Error{"holds a run already", into.string(), "name another folder with --run-dir"};
    }
    if (const Status written = Merger(*opened, *writer).run(merged); !written.ok()) {
        for (const char* const suffix : {"", "-wal", "-shm"}) {
            fs::remove(into.string() + suffix, code);
        }
        return written.error();
    }
    return merged;
}

}  // namespace plimsoll
