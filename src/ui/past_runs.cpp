#include "ui/past_runs.hpp"

#include "analysis/analyse.hpp"
#include "analysis/compare/comparable.hpp"
#include "analysis/compare/compare.hpp"
#include "base/user_file.hpp"
#include "report/compare_report.hpp"
#include "report/report.hpp"
#include "report/words.hpp"

#include <algorithm>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::uint64_t kLongestReport = std::uint64_t{64} << 20U;
constexpr double kTolerance = 0.05;  // as `plimsoll compare` has it

/// The value below `path` ("a.b.0"), or null.
json::value at(const json::value& from, std::string_view path) {
    const json::value* now = &from;
    while (!path.empty()) {
        const std::string_view key = path.substr(0, path.find('.'));
        path.remove_prefix(std::min(key.size() + 1, path.size()));
        if (const auto* const object = now->if_object()) {
            const auto found = object->find(key);
            if (found == object->end()) {
                return nullptr;
            }
            now = &found->value();
        } else if (const auto* const array = now->if_array(); array != nullptr && key == "0") {
            if (array->empty()) {
                return nullptr;
            }
            now = &array->front();
        } else {
            return nullptr;
        }
    }
    return *now;
}

json::object threshold_counts(const json::value& summary) {
    std::size_t passed = 0;
    std::size_t failed = 0;
    const json::value all = at(summary, "thresholds");
    if (const auto* const array = all.if_array()) {
        for (const json::value& each : *array) {
            const json::value ok = at(each, "ok");
            (ok.is_bool() && ok.get_bool() ? passed : failed) += 1;
        }
    }
    return {{"passed", passed}, {"failed", failed}};
}

json::value failed_ratio(const json::value& summary) {
    const json::value requests = at(summary, "totals.requests");
    const json::value failed = at(summary, "totals.failed");
    if (!requests.is_number() || !failed.is_number() || requests.to_number<double>() == 0) {
        return nullptr;
    }
    return failed.to_number<double>() / requests.to_number<double>();
}

json::object row_of(const json::value& summary) {
    json::object row;
    for (const auto& [key, path] : {std::pair{"id", "run.id"},
                                    {"scenario", "run.scenario"},
                                    {"started", "run.started"},
                                    {"duration_s", "run.duration_s"},
                                    {"version", "run.version"},
                                    {"verdict", "validity.verdict"},
                                    {"requests", "totals.requests"},
                                    {"rate", "totals.rate"},
                                    {"p99_s", "totals.response_s.p99"},
                                    {"broke_at_rate", "breaking_point.at_rate"},
                                    {"cause", "findings.0.cause"},
                                    {"confidence", "findings.0.confidence"}}) {
        row[key] = at(summary, path);
    }
    row["failed_ratio"] = failed_ratio(summary);
    row["thresholds"] = threshold_counts(summary);
    const auto* const cause = row["cause"].if_string();
    row["cause_title"] = cause != nullptr ? json::value(report::cause_title(std::string(*cause)))
                                          : json::value(nullptr);
    const bool searched = at(summary, "capacity").is_object();
    row["capacity"] =
        searched ? json::value(json::object{{"rate", at(summary, "capacity.rate")},
                                            {"bound_by", at(summary, "capacity.bound_by")}})
                 : json::value(nullptr);
    row["fault"] = nullptr;
    return row;
}

json::object unreadable(const std::string& why) {
    json::object row = row_of(json::object());
    row["fault"] = why;
    return row;
}

json::object read_row(const fs::path& run) {
    const fs::path file = run / "summary.json";
    std::error_code missing;
    if (!fs::exists(file, missing)) {
        return unreadable("it has no summary.json: plimsoll report RUN makes one");
    }
    const auto text = read_user_file(file.string(), kLongestReport, Pipes::Refused);
    if (!text) {
        return unreadable(text.error().to_string());
    }
    boost::system::error_code broken;
    const json::value summary = json::parse(*text, broken);
    return broken || !summary.is_object() ? unreadable("its summary.json is no JSON object")
                                          : row_of(summary);
}

}  // namespace

json::object PastRuns::list() {
    struct Found {
        std::string name;
        fs::file_time_type changed;
    };
    std::vector<Found> all;
    std::error_code error;
    for (fs::directory_iterator each(results_, error), end; !error && each != end;
         each.increment(error)) {
        std::error_code no_run;
        if (each->is_directory(no_run) && fs::exists(each->path() / "run.db", no_run)) {
            std::error_code none;
            const auto changed = fs::last_write_time(each->path() / "summary.json", none);
            all.push_back(
                {each->path().filename().string(), none ? fs::file_time_type::min() : changed});
        }
    }
    // A run's folder is named by when it began; one that is named otherwise comes by its name.
    std::sort(all.begin(), all.end(),
              [](const Found& a, const Found& b) { return a.name > b.name; });
    std::map<std::string, Known> now;
    json::array rows;
    for (std::size_t i = 0; i < all.size() && i < kMostShown; ++i) {
        const auto before = known_.find(all[i].name);
        const bool fresh = before == known_.end() || before->second.changed != all[i].changed;
        json::object row = fresh ? read_row(results_ / all[i].name) : before->second.row;
        now[all[i].name] = {all[i].changed, row};
        row["folder"] = all[i].name;
        rows.push_back(std::move(row));
    }
    known_ = std::move(now);
    const std::size_t shown = rows.size();
    return {{"results", results_.string()},
            {"left_off", all.size() - shown},
            {"runs", std::move(rows)}};
}

Result<fs::path> entry_of(const fs::path& folder, const std::string& name) {
    std::error_code missing;
    const bool plain = !name.empty() && name.front() != '.' &&
                       name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
    if (!plain || !fs::exists(folder / name, missing)) {
        return Error{"there is none of that name", name, {}};
    }
    return folder / name;
}

Result<std::string> report_of(const fs::path& run) {
    std::error_code missing;
    const fs::path file = run / "report.html";
    if (fs::exists(file, missing)) {
        return read_user_file(file.string(), kLongestReport, Pipes::Refused);
    }
    const auto reader = RunReader::open(run);
    if (!reader) {
        return reader.error();
    }
    const auto analysis = analyse(*reader);
    return analysis ? render_html(*reader, *analysis) : Result<std::string>(analysis.error());
}

Result<std::string> comparison_of(const fs::path& base, const fs::path& run) {
    std::vector<ComparedRun> before;
    std::vector<ComparedRun> now;
    for (const auto& [path, side] : {std::pair(&base, &before), std::pair(&run, &now)}) {
        auto opened = open_compared(path->string());
        if (!opened) {
            return opened.error();
        }
        side->push_back(*std::move(opened));
    }
    const std::vector<Mismatch> found = mismatches({&before.front(), &now.front()});
    auto result = compare(before, now, kTolerance);
    if (!result) {
        return result.error();
    }
    for (const Mismatch& each : found) {
        result->forced.push_back(each.what);
    }
    return compare_html(*result, before.front().reader, now.front().reader);
}

}  // namespace plimsoll
