// Ownership of a file descriptor.
#pragma once

#include <unistd.h>
#include <utility>

namespace plimsoll {

/// A file descriptor that is closed in the end.
class Fd {
public:
    explicit Fd(int fd = -1) noexcept : fd_(fd) {}
    ~Fd() { reset(); }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    Fd(Fd&& other) noexcept : fd_(other.release()) {}
    Fd& operator=(Fd&& other) noexcept {
        set(other.release());
        return *this;
    }
    [[nodiscard]] int get() const noexcept { return fd_; }
    void set(int fd) noexcept {
        reset();
        fd_ = fd;
    }
    int release() noexcept { return std::exchange(fd_, -1); }
    void reset() noexcept {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        fd_ = -1;
    }

private:
    int fd_;
};

}  // namespace plimsoll
