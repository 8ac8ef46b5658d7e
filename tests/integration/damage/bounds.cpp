#include "bounds.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

namespace plimsoll::test {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

constexpr double kMost_s = 5;
constexpr long kMost_kib = 512L << 10U;

/// The most that the process ever held.
long peak_kib() {
    std::ifstream in("/proc/self/status");
    for (std::string word; in >> word;) {
        if (word == "VmHWM:") {
            long kib = 0;
            in >> kib;
            return kib;
        }
    }
    return 0;
}

timespec cpu_now() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now;
}

struct Tried {
    int count = 0;
    ~Tried() { std::printf("tried %d inputs\n", count); }
};

Tried& tried() {
    static Tried all;
    return all;
}

}  // namespace

void count_tried() {
    ++tried().count;
}

int rounds(int usual) {
    const char* const wanted = std::getenv("PLIMSOLL_DAMAGED");
    return wanted != nullptr ? std::atoi(wanted) : usual;
}

void Bounds::begin() {
    begun_ = cpu_now();
}

void Bounds::end(const std::string& what) const {
    count_tried();
    const timespec now = cpu_now();
    const double took_s = static_cast<double>(now.tv_sec - begun_.tv_sec) +
                          static_cast<double>(now.tv_nsec - begun_.tv_nsec) * 1e-9;
    EXPECT_LT(took_s, kMost_s) << what;
    if (!kSanitized) {
        EXPECT_LT(peak_kib(), kMost_kib) << what;
    }
}

void damage_bytes(std::string& bytes, const std::vector<std::string>& pieces, Random& random) {
    for (std::uint64_t change = random.between(1, 6); change > 0; --change) {
        const std::size_t at = random.between(0, bytes.size());
        const std::size_t length = std::min<std::size_t>(random.between(1, 60), bytes.size() - at);
        switch (random.between(0, 5)) {
            case 0:
                bytes.erase(at, length);
                break;
            case 1:
                bytes.insert(at, pieces[random.between(0, pieces.size() - 1)]);
                break;
            case 2:
                bytes.insert(random.between(0, bytes.size()), bytes.substr(at, length));
                break;
            case 3:
                bytes.replace(at, length, pieces[random.between(0, pieces.size() - 1)]);
                break;
            case 4:
                if (random.between(0, 7) == 0) {
                    bytes.resize(at);
                }
                break;
            default:
                if (at < bytes.size()) {
                    bytes[at] = static_cast<char>(random.between(0, 255));
                }
        }
    }
}

}  // namespace plimsoll::test
