#include "tests/support/child_process.hpp"

#include "tests/support/temp_folder.hpp"

#include <csignal>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace plimsoll::test {

using namespace std::chrono_literals;

ChildProcess::ChildProcess(const std::vector<std::string>& argv, std::filesystem::path output)
    : output_(std::move(output)) {
    std::vector<char*> args;
    for (const std::string& arg : argv) {
        args.push_back(const_cast<char*>(arg.c_str()));
    }
    args.push_back(nullptr);
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ < 0) {
        throw std::runtime_error("cannot fork");
    }
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int out = open(output_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
        const int in = open("/dev/null", O_RDONLY);
        if (getppid() != parent || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) {
            _exit(126);
        }
        execvp(args[0], args.data());
        _exit(127);
    }
}

ChildProcess::~ChildProcess() {
    if (!running()) {
        return;
    }
    kill(pid_, SIGTERM);
    if (wait(10s) == -1) {
        kill(pid_, SIGKILL);
        reap(true);
    }
}

bool ChildProcess::reap(bool block) {
    if (!ended_ && waitpid(pid_, &status_, block ? 0 : WNOHANG) == pid_) {
        ended_ = true;
    }
    return ended_;
}

bool ChildProcess::running() {
    return !reap(false);
}

int ChildProcess::wait(std::chrono::seconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!reap(false)) {
        if (std::chrono::steady_clock::now() > until) {
            return -1;
        }
        std::this_thread::sleep_for(10ms);
    }
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

std::string ChildProcess::output() const {
    return read_file(output_);
}

unsigned short free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = static_cast<sockaddr*>(static_cast<void*>(&address));
    const bool ok = bind(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0;
    close(fd);
    if (!ok) {
        throw std::runtime_error("no free port");
    }
    return ntohs(address.sin_port);
}

}  // namespace plimsoll::test
