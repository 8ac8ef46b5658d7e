#include "base/opened_files.hpp"

#include <algorithm>
#include <cassert>

namespace plimsoll {
namespace {

thread_local OpenedFiles* t_listener = nullptr;

}  // namespace

OpenedFiles::OpenedFiles() {
    assert(t_listener == nullptr);
    t_listener = this;
}

OpenedFiles::~OpenedFiles() {
    t_listener = nullptr;
}

void OpenedFiles::note(const std::string& path, bool secret) {
    if (t_listener == nullptr) {
        return;
    }
    auto& files = t_listener->files_;
    const auto known = std::find_if(files.begin(), files.end(),
                                    [&](const File& each) { return each.path == path; });
    if (known == files.end()) {
        files.push_back({path, secret});
    } else {
        known->secret = known->secret || secret;
    }
}

}  // namespace plimsoll
