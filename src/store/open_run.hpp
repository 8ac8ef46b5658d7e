// Finding and opening a run file for reading, whatever state its run left it in.
#pragma once

#include "base/result.hpp"
#include "store/sqlite.hpp"

#include <filesystem>
#include <memory>

namespace plimsoll {

/// An open run file, and the private copy behind it where one was needed.
struct OpenRun {
    struct RemoveFolder {
        void operator()(std::filesystem::path* folder) const;
    };
    std::unique_ptr<std::filesystem::path, RemoveFolder> copy;  // goes after the database
    sqlite::Database database;
};

/// See RunReader::open.
[[nodiscard]] Result<OpenRun> open_run(const std::filesystem::path& path);

}  // namespace plimsoll
