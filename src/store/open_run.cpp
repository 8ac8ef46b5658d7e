#include "store/open_run.hpp"

#include "base/user_file.hpp"
#include "store/schema.hpp"

#include <cstdlib>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

/// SQLite cannot read a WAL in a folder where it may not make its shared-memory file. A copy in the
/// temporary folder can be.
Result<OpenRun> open_copy(const fs::path& file) {
    std::error_code code;
    std::string pattern = (fs::temp_directory_path(code) / "plimsoll-run-XXXXXX").string();
    if (code || mkdtemp(pattern.data()) == nullptr) {
        return Error{"cannot be read in place, nor copied: no temporary folder", file.string(),
                     "set TMPDIR to a folder that can be written"};
    }
    OpenRun run;
    run.copy.reset(new fs::path(pattern));
    const fs::path target = *run.copy / schema::kFileName;
    fs::copy_file(file, target, code);
    const fs::path wal = file.string() + "-wal";
    if (!code && fs::exists(wal)) {
        fs::copy_file(wal, target.string() + "-wal", code);
    }
    if (code) {
        return Error{"cannot be read in place, nor copied: " + code.message(), file.string(), ""};
    }
    auto database = sqlite::Database::open(target, sqlite::Database::Mode::Read);
    if (!database) {
        return database.error();
    }
    run.database = std::move(database).value();
    return run;
}

Status check_schema(const sqlite::Database& database, const fs::path& file) {
    const auto id = database.integer("PRAGMA application_id");
    if (!id) {
        return Error{"is not a run file: " + id.error().what, file.string(),
                     "name a run folder or its run.db"};
    }
    if (id.value() != schema::kApplicationId) {
        return Error{"is not a run file", file.string(), "name a run folder or its run.db"};
    }
    const auto version = database.integer("PRAGMA user_version");
    if (!version) {
        return version.error();
    }
    if (version.value() < schema::kOldestVersion || version.value() > schema::kVersion) {
        return Error{fmt::format("has schema version {}; this program reads versions {} to {}",
                                 version.value(), schema::kOldestVersion, schema::kVersion),
                     file.string(), "read it with the version of Plimsoll that wrote it"};
    }
    return {};
}

}  // namespace

void OpenRun::RemoveFolder::operator()(fs::path* folder) const {
    const std::unique_ptr<fs::path> owned(folder);
    std::error_code ignored;
    fs::remove_all(*owned, ignored);
}

Result<OpenRun> open_run(const fs::path& path) {
    std::error_code code;
    const fs::path file = fs::is_directory(path, code) ? path / schema::kFileName : path;
    if (!fs::exists(file, code)) {
        return Error{"no such run file", file.string(), "name a run folder or its run.db"};
    }
    if (const auto plain = open_user_file(file.string()); !plain) {
        return plain.error();
    }
    OpenRun run;
    auto database = sqlite::Database::open(file, sqlite::Database::Mode::Read);
    if (!database) {
        return Error{"cannot be opened: " + database.error().what, file.string(), ""};
    }
    run.database = std::move(database).value();
    if (const auto tables = run.database.integer("SELECT count(*) FROM sqlite_master");
        !tables && fs::exists(file.string() + "-wal", code)) {
        auto copied = open_copy(file);
        if (!copied) {
            return copied.error();
        }
        run = std::move(copied).value();
    }
    if (const Status known = check_schema(run.database, file); !known.ok()) {
        return known.error();
    }
    return run;
}

}  // namespace plimsoll
