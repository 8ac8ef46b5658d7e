// plimsoll import har | openapi | curl | postman | k6 | locust FILE|-
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/files.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "import/import.hpp"

#include <array>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct ImportFlags {
    std::vector<std::string> input;
    std::string output;
    std::vector<std::string> hosts;
    bool force = false;
    bool keep_static = false;
    bool quiet = false;
};

struct Format {
    const char* name;
    const char* help;
    const char* input;
    Result<Imported> (*read)(std::string_view, const ImportOptions&);
    const char* examples;
};

constexpr std::array kFormats{
    Format{"har", "a recording that a browser's developer tools exported",
           "a HAR file, or - for stdin", import_har,
           "  plimsoll import har session.har --output session.yaml\n"
           "  plimsoll import har session.har --host api.example.com"},
    Format{"openapi", "an OpenAPI 3 or Swagger 2 description, YAML or JSON",
           "the description, or - for stdin", import_openapi,
           "  plimsoll import openapi openapi.yaml --output api.yaml\n"
           "  curl -s http://127.0.0.1:8000/openapi.json | plimsoll import openapi -"},
    Format{"curl", "a curl command line, or a file of them",
           "the command in quotes, a file, or - for stdin", import_curl,
           "  plimsoll import curl 'curl -X POST http://127.0.0.1:8080/v1/items -d name=x'\n"
           "  plimsoll import curl commands.sh --output commands.yaml"},
    Format{"postman", "a Postman collection, format 2", "the collection, or - for stdin",
           import_postman,
           "  plimsoll import postman shop.postman_collection.json\n"
           "  plimsoll import postman shop.postman_collection.json --output shop.yaml"},
    Format{"k6", "a k6 script; it is read, never run", "the script, or - for stdin", import_k6,
           "  plimsoll import k6 load.js --output load.yaml"},
    Format{"locust", "a locustfile; python3 reads it, nothing runs it",
           "the locustfile, or - for stdin", import_locust,
           "  plimsoll import locust locustfile.py --output load.yaml"}};

/// The text that `flags` point at, and what to call it.
Result<std::pair<std::string, std::string>> read_input(const ImportFlags& flags,
                                                       bool takes_command) {
    const std::string& first = flags.input.front();
    if (flags.input.size() > 1 || (takes_command && first.find("curl ") != std::string::npos)) {
        if (!takes_command) {
            return Error{"takes one file", flags.input[1]};
        }
        std::string line;
        for (const std::string& word : flags.input) {
            std::string quoted;  // the shell has split it already: keep its words
            for (const char c : word) {
                quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
            }
            line += flags.input.size() > 1 ? fmt::format("'{}' ", quoted) : word;
        }
        return std::pair{line, std::string("command line")};
    }
    auto text = read_file(first);
    if (!text) {
        return text.error();
    }
    return std::pair{*std::move(text),
                     first == "-" ? "stdin" : std::filesystem::path(first).filename().string()};
}

/// What names of files in the input are relative to: curl's to the current folder, a description's
/// to its own.
std::string input_folder(const Format& format, const ImportFlags& flags) {
    if (format.read == import_curl || flags.input.front() == "-") {
        return ".";
    }
    const auto folder = std::filesystem::path(flags.input.front()).parent_path().string();
    return folder.empty() ? "." : folder;
}

int run_import(const Format& format, const ImportFlags& flags) {
    const auto input = read_input(flags, format.read == import_curl);
    if (!input) {
        return refuse(input.error());
    }
    ImportOptions options;
    options.source = input->second;
    options.folder = input_folder(format, flags);
    options.into = std::filesystem::path(flags.output).parent_path().string();
    options.hosts = flags.hosts;
    options.keep_static = flags.keep_static;
    const auto imported = format.read(input->first, options);
    if (!imported) {
        return refuse({imported.error().what, options.source, imported.error().hint});
    }
    if (flags.output.empty()) {
        hand_over(imported->text);
    } else if (const Status written = write_new_file(flags.output, imported->text, flags.force);
               !written) {
        return refuse(written.error());
    }
    if (!flags.quiet) {
        say(stderr, "plimsoll: {} step{}{}\n", imported->steps, imported->steps == 1 ? "" : "s",
            flags.output.empty() ? "" : " in " + flags.output);
        for (const std::string& note : imported->notes) {
            say(stderr, "  {}\n", note);
        }
        for (const std::string& name : imported->environment) {
            say(stderr, "  set {} before it runs\n", name);
        }
    }
    return to_int(ExitCode::Passed);
}

}  // namespace

void add_import_command(Command& app, Action& action) {
    Command* command = app.add_subcommand("import", "write a scenario from what you have");
    command->require_subcommand(1);
    command->footer(
        "Examples:\n"
        "  plimsoll import har session.har --output session.yaml\n"
        "  plimsoll import k6 load.js --output load.yaml");
    for (const Format& format : kFormats) {
        auto flags = std::make_shared<ImportFlags>();
        Command* one = command->add_subcommand(format.name, format.help);
        one->add_option("INPUT", flags->input, format.input)->required();
        one->add_option("-o,--output", flags->output, "write here instead of to stdout")
            ->type_name("FILE");
        one->add_flag("--force", flags->force, "overwrite the output file");
        one->add_flag("-q,--quiet", flags->quiet, "no summary on stderr");
        if (format.read == import_har) {
            one->add_option("--host", flags->hosts,
                            "keep requests to this host; the first becomes the target");
            one->add_flag("--keep-static", flags->keep_static,
                          "keep images, scripts, styles and fonts");
        }
        one->footer(fmt::format("Examples:\n{}", format.examples));
        one->callback([flags, &format, &action] {
            action = [flags, &format] { return run_import(format, *flags); };
        });
    }
}

}  // namespace plimsoll
