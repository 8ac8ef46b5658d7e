#include "app/segment_upload.hpp"

#include "app/console.hpp"

#include <cstdlib>

#include <fmt/format.h>

namespace plimsoll {

Result<std::optional<SegmentObjects>> open_upload(const std::string& where, Segment segment) {
    if (where.empty()) {
        return std::optional<SegmentObjects>();
    }
    auto objects = SegmentObjects::open(
        where, [](const char* name) -> const char* { return std::getenv(name); });
    if (!objects) {
        const Error& error = objects.error();
        return error.where.empty() ? Error{error.what, "--upload", error.hint} : error;
    }
    if (const Status free = objects->check_free(segment); !free) {
        return free.error();
    }
    return std::optional(*std::move(objects));
}

ExitCode keep_run(SegmentObjects& objects, Segment segment, const SessionResult& result,
                  bool tell) {
    if (result.run_dir.empty()) {
        return result.code;  // it never began
    }
    if (const Status kept = objects.keep(segment, result.run_dir / "run.db"); !kept) {
        complain({kept.error().what, kept.error().where,
                  fmt::format("the run itself is whole, in {}: plimsoll merge takes it from there",
                              result.run_dir.string())});
        return ExitCode::InternalError;
    }
    if (tell) {
        say("uploaded  {}\n", objects.where(segment));
    }
    return result.code;
}

}  // namespace plimsoll
