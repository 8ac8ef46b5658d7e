// What a damaged input may cost, and how many of them are tried.
#pragma once

#include "base/random.hpp"

#include <ctime>
#include <string>
#include <vector>

namespace plimsoll::test {

/// From the environment (PLIMSOLL_DAMAGED), or `usual`, which takes some seconds.
[[nodiscard]] int rounds(int usual);

/// Counts one input; the program ends with how many there were, for docs/robustness.md.
void count_tried();

/// Fails the test where one input takes more than 5 s of processor time, or the process came to
/// hold more than 512 MiB. A sanitizer holds memory of its own: with one only the time counts.
class Bounds {
public:
    void begin();
    void end(const std::string& what) const;  // counts it, too

private:
    timespec begun_{};
};

/// Changes `bytes` in one to a few places: bytes turned, cut out, doubled, put in from `pieces`,
/// the end cut off.
void damage_bytes(std::string& bytes, const std::vector<std::string>& pieces, Random& random);

}  // namespace plimsoll::test
