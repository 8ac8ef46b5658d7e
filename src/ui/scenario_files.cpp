#include "ui/scenario_files.hpp"

#include "base/units.hpp"
#include "base/user_file.hpp"
#include "report/json_text.hpp"
#include "report/text.hpp"
#include "ui/past_runs.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string_view>

#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::uint64_t kLongestScenario = std::uint64_t{4} << 20U;
constexpr std::size_t kMostFiles = 200;

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        lines.push_back(report::clean_text(line));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return lines;
}

/// Whether it is meant as a scenario: other files in YAML lie about as well.
bool looks_like_scenario(std::string_view text) {
    bool users = false;
    bool load = false;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        users = users || line.starts_with("users:");
        load = load || line.starts_with("load:");
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return users && load;
}

ParseOutcome parsed(const std::string& text, const fs::path& file) {
    return parse_scenario(
        text, {file.string(), [](const char* name) -> const char* { return std::getenv(name); }});
}

json::object row_of(const fs::path& file, const std::string& text) {
    const ParseOutcome outcome = parsed(text, file);
    json::object row{{"name", file.filename().string()},
                     {"ok", outcome.scenario.has_value()},
                     {"faults", outcome.faults.size()},
                     {"target", nullptr},
                     {"load", nullptr}};
    if (outcome.scenario) {
        row["target"] = outcome.scenario->target.to_string();
        row["load"] = "for " + format_duration(outcome.scenario->duration());
    }
    return row;
}

}  // namespace

json::array faults_json(const std::vector<Fault>& faults) {
    json::array all;
    for (const Fault& fault : faults) {
        all.push_back(json::object{{"line", fault.line},
                                   {"column", fault.column},
                                   {"path", fault.path},
                                   {"what", fault.what},
                                   {"hint", fault.hint},
                                   {"file", fault.file}});
    }
    return all;
}

json::object scenario_files(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator each(folder, error), end; !error && each != end;
         each.increment(error)) {
        const auto extension = each->path().extension();
        std::error_code no_file;
        if ((extension == ".yaml" || extension == ".yml") && each->is_regular_file(no_file)) {
            files.push_back(each->path());
        }
    }
    std::sort(files.begin(), files.end());
    json::array rows;
    for (const fs::path& file : files) {
        const auto text = read_user_file(file.string(), kLongestScenario);
        if (text && looks_like_scenario(*text) && rows.size() < kMostFiles) {
            rows.push_back(row_of(file, *text));
        }
    }
    return {{"folder", folder.string()}, {"scenarios", std::move(rows)}};
}

Result<ParseOutcome> parse_file(const fs::path& file) {
    const auto text = read_user_file(file.string(), kLongestScenario);
    return text ? Result<ParseOutcome>(parsed(*text, file)) : Result<ParseOutcome>(text.error());
}

Result<json::object> scenario_file(const fs::path& folder, const std::string& name) {
    const auto file = entry_of(folder, name);
    if (!file) {
        return file.error();
    }
    const auto text = read_user_file(file->string(), kLongestScenario);
    if (!text) {
        return text.error();
    }
    const ParseOutcome outcome = parsed(*text, *file);
    std::vector<std::string> lines = lines_of(outcome.scenario ? outcome.scenario->text : *text);
    if (!outcome.scenario) {
        std::set<int> named;
        for (const Fault& fault : outcome.faults) {
            named.insert(fault.file.empty() ? fault.line : 0);
        }
        for (std::size_t i = 0; i < lines.size(); ++i) {
            if (!named.contains(static_cast<int>(i) + 1)) {
                lines[i].clear();
            }
        }
    }
    return json::object{{"name", name},
                        {"ok", outcome.scenario.has_value()},
                        {"lines", report::texts_of(lines)},
                        {"faults", faults_json(outcome.faults)}};
}

}  // namespace plimsoll
