// The runs of a load's segments as objects below one prefix: segment-2-of-8.db ...
#pragma once

#include "objects/s3_store.hpp"
#include "record/run_info.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

[[nodiscard]] std::string segment_object(Segment segment);
/// Nothing where it is no such name.
[[nodiscard]] std::optional<Segment> segment_of_object(std::string_view name);

/// Where the runs of one load's segments are kept. Threading: one thread at a time.
class SegmentObjects {
public:
    /// `where`: s3://bucket/prefix. Error: as parse_s3 and s3_access.
    [[nodiscard]] static Result<SegmentObjects> open(
        std::string_view where, const std::function<const char*(const char* name)>& environment);

    /// Before the load: the storage answers, and nothing stands where this segment's run will.
    /// Error: why not; an earlier load's run would be taken for a part of this one.
    [[nodiscard]] Status check_free(Segment segment);
    /// After it. Error: it is not there.
    [[nodiscard]] Status keep(Segment segment, const std::filesystem::path& run_file);
    /// All of them into `folder`, which must exist; the files, in the order of the segments. Error:
    /// there are none, or one could not be had.
    [[nodiscard]] Result<std::vector<std::filesystem::path>> fetch(
        const std::filesystem::path& folder);
    [[nodiscard]] std::string where(Segment segment) const;

private:
    SegmentObjects(S3Location location, S3Store store)
        : location_(std::move(location)), store_(std::move(store)) {}
    S3Location location_;
    S3Store store_;
};

}  // namespace plimsoll
