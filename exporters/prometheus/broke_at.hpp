// Where a run broke, as the metrics say it.
#pragma once

namespace plimsoll {

struct BrokeAt {
    double rate = 0;  // offered then: iterations per second, or users
    double at_s = 0;  // since the run's start
};

}  // namespace plimsoll
