// A file that is written while others may read it.
#pragma once

#include "base/result.hpp"

#include <cstdio>
#include <filesystem>
#include <memory>

namespace plimsoll {

struct CloseFile {
    void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
};
using OutputFile = std::unique_ptr<std::FILE, CloseFile>;

/// Makes or empties `path`, and never waits: a pipe without a reader would hold a blocking open for
/// ever. What it reads later may wait. Error: why it cannot be written, and `path`.
[[nodiscard]] Result<OutputFile> open_output(const std::filesystem::path& path);

}  // namespace plimsoll
