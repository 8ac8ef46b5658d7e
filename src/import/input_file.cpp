#include "import/input_file.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace plimsoll::import {

Result<std::string> read_input_file(const std::string& folder, const std::string& name,
                                    std::size_t most) {
    if (folder.empty()) {
        return Error{"files are not read here"};
    }
    std::error_code failed;
    const std::filesystem::path path = std::filesystem::path(folder) / name;
    if (!std::filesystem::is_regular_file(path, failed)) {
        return Error{"is not a file"};
    }
    if (std::filesystem::file_size(path, failed) > most || failed) {
        return Error{"is too large"};
    }
    std::ifstream file(path, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(file), {});
    return file.bad() || !file.is_open() ? Result<std::string>(Error{"cannot be read"})
                                         : Result<std::string>(std::move(text));
}

}  // namespace plimsoll::import
