#include "app/commands/request_flags.hpp"

#include "app/commands/command_line.hpp"
#include "app/commands/flag_text.hpp"
#include "base/utf8.hpp"
#include "scenario/trimmed.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr const char* kHeader = "-H/--header";
constexpr const char* kData = "--data";
constexpr const char* kDataBinary = "--data-binary";
constexpr const char* kJson = "--json";

using NamedText = std::pair<std::string, std::string>;

/// "Name: value", and "Name;" for an empty value, as curl has it. Never repeats the value.
Result<NamedText> read_header(const std::string& line) {
    const auto colon = line.find(':');
    const bool empty = colon == std::string::npos && line.ends_with(';');
    const std::string_view text = line;
    const std::string name(
        trimmed(text.substr(0, empty ? text.size() - 1 : std::min(colon, text.size()))));
    const std::string value(colon == std::string::npos ? "" : trimmed(text.substr(colon + 1)));
    if (name.empty() || (!empty && value.empty())) {
        return Error{colon == std::string::npos ? "must be 'Name: value'"
                                                : fmt::format("\"{}\" has no value", name),
                     kHeader, "e.g. -H 'Accept: text/html'; 'Name;' is a header without a value"};
    }
    return NamedText{name, value};
}

bool same_name(const std::string& a, const std::string& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

bool has_header(const QuickRequest& request, const std::string& name) {
    return std::any_of(request.headers.begin(), request.headers.end(),
                       [&](const NamedText& each) { return same_name(each.first, name); });
}

Status read_headers(const std::vector<std::string>& flags, QuickRequest& request) {
    for (const std::string& flag : flags) {
        const auto lines = flag_lines(flag, kHeader);
        if (!lines) {
            return lines.error();
        }
        for (const std::string& line : *lines) {
            auto header = read_header(line);
            if (!header) {
                return header.error();
            }
            if (has_header(request, header->first)) {
                return Error{fmt::format("\"{}\" is given twice", header->first), kHeader,
                             "join the values with a comma"};
            }
            request.headers.push_back(*std::move(header));
        }
    }
    return {};
}

Status check_text(const std::string& text, const char* flag) {
    if (valid_utf8(text) == text) {
        return {};
    }
    return Error{"holds bytes that are not UTF-8", flag,
                 "send a file as it is: --data-binary @FILE"};
}

/// As curl: several are joined with &, and of a file the line ends are left out.
Status read_data(const std::vector<std::string>& flags, QuickRequest& request) {
    std::string body;
    for (const std::string& flag : flags) {
        auto content = flag_content(flag, kData);
        if (!content) {
            return content.error();
        }
        if (flag.starts_with('@')) {
            std::erase_if(*content, [](char c) { return c == '\n' || c == '\r' || c == '\0'; });
        }
        body += (&flag == &flags.front() ? "" : "&") + *content;
    }
    request.content_type = "application/x-www-form-urlencoded";
    request.body = std::move(body);
    return check_text(*request.body, kData);
}

Status read_data_binary(const std::string& flag, QuickRequest& request) {
    request.content_type = "application/x-www-form-urlencoded";
    if (!flag.starts_with('@')) {
        request.body = flag;
        return check_text(flag, kDataBinary);
    }
    std::error_code error;
    request.body_file = std::filesystem::absolute(flag.substr(1), error).string();
    if (!std::filesystem::is_regular_file(request.body_file, error)) {
        return Error{"is not a file: " + flag.substr(1), kDataBinary};
    }
    return {};
}

Status read_json(const std::string& flag, QuickRequest& request) {
    auto content = flag_content(flag, kJson);
    if (!content) {
        return content.error();
    }
    request.content_type = "application/json";
    if (!has_header(request, "Accept")) {
        request.headers.emplace_back("Accept", "application/json");
    }
    request.body = *std::move(content);
    return check_text(*request.body, kJson);
}

}  // namespace

void RequestFlags::add_to(Command& command) {
    const std::string group = "Request (with a URL)";
    command
        .add_option("-H,--header", headers,
                    "send this header too; may be repeated; @FILE: one a line")
        ->type_name("'NAME: VALUE'")
        ->allow_extra_args(false)
        ->group(group);
    command.add_option("-X,--request", method, "method; POST where there is a body, else GET")
        ->type_name("METHOD")
        ->group(group);
    command
        .add_option("--data", data,
                    "send this body, as a form's; several are joined by &; @FILE: its content "
                    "without line ends")
        ->type_name("TEXT")
        ->allow_extra_args(false)
        ->group(group);
    command.add_option("--data-binary", data_binary, "the same as it is; @FILE: of any size")
        ->type_name("TEXT")
        ->group(group);
    command.add_option("--json", json, "send this JSON, and ask for JSON; @FILE: its content")
        ->type_name("TEXT")
        ->group(group);
}

const char* RequestFlags::first() const {
    return !headers.empty()       ? kHeader
           : !method.empty()      ? "-X/--request"
           : !data.empty()        ? kData
           : !data_binary.empty() ? kDataBinary
           : !json.empty()        ? kJson
                                  : nullptr;
}

Result<QuickRequest> RequestFlags::request() const {
    if ((data.empty() ? 0 : 1) + (data_binary.empty() ? 0 : 1) + (json.empty() ? 0 : 1) > 1) {
        return Error{"a request has one body", "--data, --data-binary, --json", "give one of them"};
    }
    QuickRequest request;
    request.method = method;
    Status read = read_headers(headers, request);
    if (read && !data.empty()) {
        read = read_data(data, request);
    } else if (read && !data_binary.empty()) {
        read = read_data_binary(data_binary, request);
    } else if (read && !json.empty()) {
        read = read_json(json, request);
    }
    return read ? Result<QuickRequest>(std::move(request)) : Result<QuickRequest>(read.error());
}

}  // namespace plimsoll
