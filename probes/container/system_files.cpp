#include "probes/container/system_files.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

namespace plimsoll {
namespace {

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    for (std::size_t begin = text.find_first_not_of(separators); begin != std::string_view::npos;
         begin = text.find_first_not_of(separators, begin)) {
        const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
        parts.push_back(text.substr(begin, end - begin));
        begin = end;
    }
    return parts;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::string> read_small_file(const std::filesystem::path& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return std::nullopt;
    }
    std::string text;
    std::array<char, 4096> buffer{};
    ssize_t count = 0;
    while ((count = read(fd, buffer.data(), buffer.size())) > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    close(fd);
    if (count < 0) {
        return std::nullopt;  // a process that ended between open and read
    }
    return text;
}

std::optional<double> read_number(const std::filesystem::path& path) {
    const std::optional<std::string> text = read_small_file(path);
    return text ? parse_number(*text) : std::nullopt;
}

std::optional<double> find_number(std::string_view text, std::string_view key) {
    for (const std::string_view line : split_lines(text)) {
        if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
            return parse_number(line.substr(key.size() + 1));
        }
    }
    return std::nullopt;
}

std::vector<std::string_view> split_words(std::string_view text) {
    return split(text, " \t\n");
}
std::vector<std::string_view> split_lines(std::string_view text) {
    return split(text, "\n");
}

std::vector<pid_t> numeric_entries(const std::filesystem::path& folder) {
    std::vector<pid_t> numbers;
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(folder.c_str()), &closedir);
    if (entries == nullptr) {
        return numbers;
    }
    while (const dirent* entry = readdir(entries.get())) {
        const std::string_view name = entry->d_name;
        pid_t number = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
        if (error == std::errc() && end == name.data() + name.size()) {
            numbers.push_back(number);
        }
    }
    return numbers;
}

}  // namespace plimsoll
