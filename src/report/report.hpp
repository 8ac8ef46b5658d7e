// One renderer per format. Everything shown comes from the run file and its analysis alone, so that
// a report can be made again at any time.
#pragma once

#include "analysis/result.hpp"
#include "base/result.hpp"
#include "record/run_info.hpp"
#include "store/run_reader.hpp"

#include <filesystem>
#include <string>

namespace plimsoll {

/// Of summary.json; docs/summary.md documents its fields.
inline constexpr int kSummarySchema = 1;
/// In a run folder the CSV files are kCsvPrefix + "_stats.csv" and so on.
inline constexpr const char* kCsvPrefix = "locust";

/// Writes report.html, report.md, summary.json, junit.xml and the CSV files into `run_dir`, which
/// must exist. A file appears under its name only when it is complete. Error: what could not be
/// read or written; files written before it stay.
[[nodiscard]] Status write_reports(const std::filesystem::path& run_dir, const RunReader& reader,
                                   const Analysis& analysis);

/// Writes PREFIX_stats.csv, PREFIX_stats_history.csv, PREFIX_failures.csv and
/// PREFIX_exceptions.csv as Locust's `--csv PREFIX` does (docs/csv.md). `prefix` may name a folder,
/// which must exist.
[[nodiscard]] Status write_csv(const std::string& prefix, const RunReader& reader,
                               const Analysis& analysis);

/// One self-contained page: no network, no other file. Error: what could not be read.
[[nodiscard]] Result<std::string> render_html(const RunReader& reader, const Analysis& analysis);
/// summary.json.
[[nodiscard]] std::string render_json(const RunInfo& info, const Analysis& analysis);
/// A short form for a comment on a change. `finished`: false for a run that was cut off.
[[nodiscard]] std::string render_markdown(const RunInfo& info, const Analysis& analysis,
                                          bool finished = true);
/// What the finding `which` (its cause, or its number from 1) rests on: each sentence with the
/// query over the run file and the rows it gives, as `sqlite3 -header -separator ' | '` prints
/// them. Error: no such finding, with those there are, or what could not be read.
[[nodiscard]] Result<std::string> render_explanation(const RunReader& reader,
                                                     const Analysis& analysis,
                                                     const std::string& which);
/// Thresholds and validity checks as test cases.
[[nodiscard]] std::string render_junit(const RunInfo& info, const Analysis& analysis);

/// Writes `content` to `file` by way of a temporary file beside it. Error: which file and why.
[[nodiscard]] Status write_file(const std::filesystem::path& file, const std::string& content);

}  // namespace plimsoll
