// Which files a user's files refer to: those that are opened while one of these lives.
#pragma once

#include <string>
#include <vector>

namespace plimsoll {

/// Takes note of every file that open_user_file opens on this thread, in order, each once. For who
/// must hand on a scenario with all that it needs. Threading: its own thread's; at most one at a
/// time on each.
class OpenedFiles {
public:
    struct File {
        std::string path;     // as it was opened
        bool secret = false;  // read as a secret
    };
    OpenedFiles();
    ~OpenedFiles();
    OpenedFiles(const OpenedFiles&) = delete;
    OpenedFiles& operator=(const OpenedFiles&) = delete;

    [[nodiscard]] const std::vector<File>& files() const noexcept { return files_; }

    /// Told by whoever opens, and by whoever knows that it was a secret. Nothing where nobody asks.
    static void note(const std::string& path, bool secret = false);

private:
    std::vector<File> files_;
};

}  // namespace plimsoll
