#include "record/rare_histogram.hpp"

namespace plimsoll {

RareHistogram& RareHistogram::operator=(const RareHistogram& other) {
    if (this == &other) {
        return *this;
    }
    if (other.empty()) {
        clear();
    } else {
        made() = *other.held_;
    }
    return *this;
}

const Histogram& RareHistogram::get() const noexcept {
    static const Histogram kNone;
    return held_ ? *held_ : kNone;
}

}  // namespace plimsoll
