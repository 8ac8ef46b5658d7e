#include "app/scenario_bundle.hpp"

#include "app/console.hpp"
#include "base/opened_files.hpp"
#include "base/user_file.hpp"
#include "deploy/quantity.hpp"
#include "scenario/parse.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIntoTheImage =
    "put such files into an image of your own, and name them by their absolute path there";

/// The parser asks for variables through a plain function: what it asked for is kept here.
thread_local std::vector<std::string>* t_asked = nullptr;

const char* note_variable(const char* name) {
    if (t_asked != nullptr && std::find(t_asked->begin(), t_asked->end(), name) == t_asked->end()) {
        t_asked->emplace_back(name);
    }
    return std::getenv(name);
}

/// A name that holds an expression is known only when the request is sent.
Status check_names(const Scenario& scenario) {
    std::vector<const UserClass*> classes{&scenario.setup, &scenario.teardown};
    for (const UserClass& user : scenario.users) {
        classes.push_back(&user);
    }
    const auto unknown = [](const Template& path) {
        return !path.is_constant() && !path.literals().starts_with('/');
    };
    for (const UserClass* const user : classes) {
        for (const Step& step : user->steps) {
            const bool part = std::any_of(
                step.multipart.begin(), step.multipart.end(),
                [&](const FormPart& each) { return each.from_file && unknown(each.value); });
            if (part || (step.body_from_file && unknown(step.body))) {
                return Error{
                    "sends a file whose name is known only when it is sent, so it cannot "
                    "be taken along",
                    scenario.endpoints[step.endpoint].name, kIntoTheImage};
            }
        }
    }
    return {};
}

/// What is read only when the run begins.
void note_export_files(const Scenario& scenario, std::map<std::string, bool>& paths) {
    const auto note = [&](const AccessConfig& access) {
        for (const auto& [path, secret] :
             {std::pair{access.ca_file, false}, std::pair{access.cert_file, false},
              std::pair{access.key_file, true}}) {
            if (!path.empty()) {
                paths[path] = paths[path] || secret;
            }
        }
    };
    if (scenario.exports.remote_write) {
        note(scenario.exports.remote_write->access);
    }
    if (scenario.exports.grafana) {
        note(scenario.exports.grafana->access);
    }
    if (scenario.exports.influxdb) {
        note(scenario.exports.influxdb->access);
    }
}

/// The deepest folder that holds all of them.
fs::path common_folder(const std::vector<fs::path>& paths) {
    fs::path common = paths.front().parent_path();
    for (const fs::path& path : paths) {
        const fs::path folder = path.parent_path();
        const auto parted =
            std::mismatch(common.begin(), common.end(), folder.begin(), folder.end()).first;
        fs::path shared;
        for (auto part = common.begin(); part != parted; ++part) {
            shared /= *part;
        }
        common = shared;
    }
    return common;
}

Status read_files(const std::map<std::string, bool>& paths, const std::string& scenario_path,
                  std::uint64_t most_bytes, ScenarioBundle& bundle) {
    std::vector<fs::path> whole;
    std::vector<std::pair<std::string, bool>> taken;
    for (const auto& [path, secret] : paths) {
        if (fs::path(path).is_absolute()) {
            bundle.absolute.push_back(path);
            continue;
        }
        taken.emplace_back(path, secret);
        whole.push_back(fs::absolute(path).lexically_normal());
    }
    const fs::path root = common_folder(whole);
    for (std::size_t i = 0; i < taken.size(); ++i) {
        std::error_code error;
        const auto size = fs::file_size(taken[i].first, error);
        if (!error && size > most_bytes) {
            return Error{fmt::format("has {}, and at most {} can be taken along",
                                     bytes_text(static_cast<double>(size)),
                                     bytes_text(static_cast<double>(most_bytes))),
                         taken[i].first, kIntoTheImage};
        }
        auto text = read_user_file(taken[i].first, most_bytes);
        if (!text) {
            return text.error();
        }
        const std::string place = whole[i].lexically_relative(root).string();
        if (taken[i].first == scenario_path) {
            bundle.path = place;
        }
        bundle.files.push_back({place, *std::move(text), taken[i].second});
    }
    return {};
}

}  // namespace

Result<std::optional<ScenarioBundle>> bundle_scenario(const std::string& path,
                                                      std::uint64_t most_bytes) {
    if (path == "-" || path.find("://") != std::string::npos || path.starts_with("unix:")) {
        return Error{"must be a scenario file, which is taken along", path,
                     "plimsoll new writes one to start from"};
    }
    // Relative now, so that what is absolute below was written so.
    const std::string relative =
        fs::absolute(path).lexically_normal().lexically_proximate(fs::current_path()).string();
    const OpenedFiles opened;
    const auto text = read_user_file(relative, most_bytes);
    if (!text) {
        return text.error();
    }
    ScenarioBundle bundle;
    t_asked = &bundle.variables;
    ParseOutcome parsed = parse_scenario(*text, {relative, &note_variable});
    t_asked = nullptr;
    if (!parsed.scenario) {
        say(stderr, "{}", format_faults(parsed.faults, path));
        return std::optional<ScenarioBundle>();
    }
    bundle.scenario = std::move(*parsed.scenario);
    if (const Status known = check_names(bundle.scenario); !known) {
        return known.error();
    }
    std::map<std::string, bool> paths;
    for (const OpenedFiles::File& file : opened.files()) {
        const std::string normal = fs::path(file.path).lexically_normal().string();
        paths[normal] = paths[normal] || file.secret || normal == bundle.scenario.http.tls.key_file;
    }
    note_export_files(bundle.scenario, paths);
    if (const Status read = read_files(paths, relative, most_bytes, bundle); !read) {
        return read.error();
    }
    std::erase_if(bundle.variables,
                  [](const std::string& name) { return std::getenv(name.c_str()) == nullptr; });
    return std::optional(std::move(bundle));
}

}  // namespace plimsoll
