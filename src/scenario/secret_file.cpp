#include "scenario/secret_file.hpp"

#include "base/opened_files.hpp"
#include "base/user_file.hpp"
#include "scenario/wording.hpp"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::uint64_t kLongestSecret = 64U << 10U;
constexpr std::uint64_t kLargestFile = 16U << 20U;

}  // namespace

std::string beside(std::string_view folder, std::string_view path) {
    const std::filesystem::path wanted(path);
    return folder.empty() || wanted.is_absolute()
               ? std::string(path)
               : (std::filesystem::path(folder) / wanted).string();
}

Error about_file(const std::string& path, const Error& error) {
    constexpr std::string_view kUnread = "cannot be read: ";
    if (!error.what.starts_with(kUnread)) {
        return Error{fmt::format("{} {}", in_quotes(path), error.what), {}, error.hint};
    }
    return Error{
        fmt::format("cannot read {}: {}", in_quotes(path), error.what.substr(kUnread.size())),
        {},
        "paths are relative to the scenario's folder"};
}

Result<std::string> read_whole_file(const std::string& path) {
    auto text = read_user_file(path, kLargestFile);
    return text ? std::move(text) : about_file(path, text.error());
}

Result<std::string> read_secret_file(std::string_view path, std::string_view folder) {
    if (path.empty()) {
        return Error{"secret.file needs a path", {}, "e.g. ${secret.file:token.txt}"};
    }
    const std::string whole_path = beside(folder, path);
    auto text = read_user_file(whole_path, kLongestSecret);
    if (!text) {
        return about_file(whole_path, text.error());
    }
    OpenedFiles::note(whole_path, true);
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text->starts_with(kByteOrderMark)) {
        text->erase(0, kByteOrderMark.size());
    }
    while (text->ends_with('\n') || text->ends_with('\r')) {
        text->pop_back();
    }
    if (text->empty()) {
        return Error{fmt::format("the secret in {} is empty", in_quotes(path))};
    }
    return text;
}

}  // namespace plimsoll
