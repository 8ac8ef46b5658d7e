#include "analysis/steady.hpp"

#include <limits>

namespace plimsoll {

std::size_t steady_from(std::span<const double> values, std::size_t most) {
    std::size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t cut = 0; cut <= most && cut + 2 <= values.size(); ++cut) {
        const auto rest = values.subspan(cut);
        const auto n = static_cast<double>(rest.size());
        double mean = 0;
        for (const double value : rest) {
            mean += value / n;
        }
        double squares = 0;
        for (const double value : rest) {
            squares += (value - mean) * (value - mean);
        }
        if (const double score = squares / (n * n); score < least) {
            least = score;
            best = cut;
        }
    }
    return best;
}

}  // namespace plimsoll
