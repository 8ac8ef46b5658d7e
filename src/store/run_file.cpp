#include "store/run_file.hpp"

#include "store/schema.hpp"

#include <string>

namespace plimsoll {

Status create_run_tables(sqlite::Database& database) {
    const std::string pragmas =
        std::string(schema::kCacheSize) +
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA application_id=" +
        std::to_string(schema::kApplicationId) +
        "; PRAGMA user_version=" + std::to_string(schema::kVersion) + "; BEGIN;";
    const Status status = database.exec(pragmas.c_str());
    return status.ok() ? database.exec(schema::kTables) : status;
}

}  // namespace plimsoll
