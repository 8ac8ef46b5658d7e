// A segment's run, kept in object storage once it is over.
#pragma once

#include "app/exit_code.hpp"
#include "app/run_session.hpp"
#include "objects/segment_objects.hpp"

#include <optional>
#include <string>

namespace plimsoll {

/// Where this segment's run is to go (`where`: s3://bucket/prefix); nothing where that is empty.
/// Error: it could not go there, which is better known before the load.
[[nodiscard]] Result<std::optional<SegmentObjects>> open_upload(const std::string& where,
                                                                Segment segment);

/// The exit status of the run once it is kept there, which is said where `tell` is set; where it
/// could not be, says why and where the run is.
[[nodiscard]] ExitCode keep_run(SegmentObjects& objects, Segment segment,
                                const SessionResult& result, bool tell);

}  // namespace plimsoll
