#include "scenario/secret_file.hpp"

#include "scenario/wording.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::size_t kLongestSecret = 64U << 10U;

}  // namespace

std::string beside(std::string_view folder, std::string_view path) {
    const std::filesystem::path wanted(path);
    return folder.empty() || wanted.is_absolute()
               ? std::string(path)
               : (std::filesystem::path(folder) / wanted).string();
}

Result<std::string> read_whole_file(const std::string& path) {
    std::error_code code;
    if (std::filesystem::is_directory(path, code)) {
        return Error{fmt::format("{} is a folder, not a file", in_quotes(path))};
    }
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        return Error{fmt::format("cannot read {}: {}", in_quotes(path),
                                 errno == 0 ? "unknown reason" : std::strerror(errno)),
                     {},
                     "paths are relative to the scenario's folder"};
    }
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (in.bad()) {
        return Error{fmt::format("cannot read {}", in_quotes(path))};
    }
    return text;
}

Result<std::string> read_secret_file(std::string_view path, std::string_view folder) {
    if (path.empty()) {
        return Error{"secret.file needs a path", {}, "e.g. ${secret.file:token.txt}"};
    }
    auto text = read_whole_file(beside(folder, path));
    if (!text) {
        return text;
    }
    if (text->size() > kLongestSecret) {
        return Error{fmt::format("the secret in {} is longer than 64 KiB", in_quotes(path))};
    }
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
