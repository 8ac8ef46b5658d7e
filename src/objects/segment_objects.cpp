#include "objects/segment_objects.hpp"

#include "base/output_file.hpp"
#include "base/user_file.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::uint64_t kLongestRun = std::uint64_t{5} << 30U;

Status write_file(const std::filesystem::path& path, const std::string& bytes) {
    auto file = open_output(path);
    if (!file) {
        return file.error();
    }
    const bool all = std::fwrite(bytes.data(), 1, bytes.size(), file->get()) == bytes.size();
    if (!all || std::fflush(file->get()) != 0) {
        return Error{fmt::format("cannot be written: {}", std::strerror(errno)), path.string()};
    }
    return {};
}

}  // namespace

std::string segment_object(Segment segment) {
    return fmt::format("segment-{}-of-{}.db", segment.number, segment.count);
}

std::optional<Segment> segment_of_object(std::string_view name) {
    constexpr std::string_view kHead = "segment-";
    constexpr std::string_view kOf = "-of-";
    if (!name.starts_with(kHead)) {
        return std::nullopt;
    }
    Segment segment;
    const char* const end = name.data() + name.size();
    const auto number = std::from_chars(name.data() + kHead.size(), end, segment.number);
    const std::string_view rest(number.ptr, static_cast<std::size_t>(end - number.ptr));
    if (number.ec != std::errc{} || !rest.starts_with(kOf)) {
        return std::nullopt;
    }
    const auto count = std::from_chars(number.ptr + kOf.size(), end, segment.count);
    // No other spelling of the numbers: 02 would be a second object for segment 2.
    return count.ec == std::errc{} && segment_object(segment) == name ? std::optional(segment)
                                                                      : std::nullopt;
}

Result<SegmentObjects> SegmentObjects::open(
    std::string_view where, const std::function<const char*(const char* name)>& environment) {
    auto location = parse_s3(where);
    if (!location) {
        return location.error();
    }
    const auto access = s3_access(environment);
    if (!access) {
        return access.error();
    }
    auto store = S3Store::create(*access, location->bucket);
    return store ? Result<SegmentObjects>(SegmentObjects(*std::move(location), *std::move(store)))
                 : store.error();
}

std::string SegmentObjects::where(Segment segment) const {
    return location_.to_string() + '/' + segment_object(segment);
}

Status SegmentObjects::check_free(Segment segment) {
    const std::string key = location_.key(segment_object(segment));
    const auto there = store_.list(key);
    if (!there) {
        return there.error();
    }
    if (std::find(there->begin(), there->end(), key) == there->end()) {
        return {};
    }
    return Error{"is there already, from an earlier load", where(segment),
                 "give each load a prefix of its own"};
}

Status SegmentObjects::keep(Segment segment, const std::filesystem::path& run_file) {
    const std::filesystem::path log = run_file.string() + "-wal";
    std::error_code error;
    if (std::filesystem::exists(log, error) && std::filesystem::file_size(log, error) > 0) {
        return Error{"is not closed: the rest of it is in " + log.string(), run_file.string()};
    }
    auto bytes = read_user_file(run_file.string(), kLongestRun);
    if (!bytes) {
        return bytes.error();
    }
    return store_.put(location_.key(segment_object(segment)), *std::move(bytes));
}

Result<std::vector<std::filesystem::path>> SegmentObjects::fetch(
    const std::filesystem::path& folder) {
    const auto keys = store_.list(location_.key("segment-"));
    if (!keys) {
        return keys.error();
    }
    const std::string head = location_.key("");
    std::vector<Segment> segments;
    for (const std::string& key : *keys) {
        if (const auto segment = segment_of_object(
                std::string_view(key).substr(std::min(head.size(), key.size())))) {
            segments.push_back(*segment);
        }
    }
    if (segments.empty()) {
        return Error{"holds no segment of a run", location_.to_string(),
                     "run --segment i/n --upload puts them there"};
    }
    std::sort(segments.begin(), segments.end(), [](const Segment& a, const Segment& b) {
        return a.count == b.count ? a.number < b.number : a.count < b.count;
    });
    std::vector<std::filesystem::path> files;
    for (const Segment& segment : segments) {
        const auto bytes = store_.get(location_.key(segment_object(segment)));
        if (!bytes) {
            return bytes.error();
        }
        files.push_back(folder / segment_object(segment));
        if (const Status written = write_file(files.back(), *bytes); !written) {
            return written.error();
        }
    }
    return files;
}

}  // namespace plimsoll
