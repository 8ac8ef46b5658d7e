#include "processes.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <sys/stat.h>
#include <thread>

namespace plimsoll::test {

bool is_gone(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    if (!std::getline(file, text)) {
        return true;
    }
    const auto state = text.rfind(')') + 2;  // the name before it may hold anything
    return text.at(state) == 'Z' || text.at(state) == 'X';
}

bool eventually(const std::function<bool()>& condition) {
    const auto limit = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > limit) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

SharedFolder::SharedFolder() : path_(std::filesystem::temp_directory_path() / "lab-test-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr || ::chmod(path_.c_str(), 0755) != 0) {
        throw std::runtime_error("no temporary folder");
    }
}

SharedFolder::~SharedFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

int SharedFolder::entries() const {
    std::filesystem::directory_iterator all(path_);
    return static_cast<int>(std::distance(begin(all), end(all)));
}

}  // namespace plimsoll::test
