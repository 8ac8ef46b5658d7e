#include "import/schema_number.hpp"

#include "import/json_access.hpp"
#include "import/schema_fit.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

namespace plimsoll::import {

namespace json = boost::json;

json::value sample_number(const json::value& schema, bool whole) {
    const auto step = number_at(&schema, "multipleOf");
    const double grain = step && *step > 0 ? *step : whole ? 1 : 0;
    const auto low = number_at(&schema, "minimum");
    const auto above = number_at(&schema, "exclusiveMinimum");
    const auto high = number_at(&schema, "maximum");
    const auto below = number_at(&schema, "exclusiveMaximum");
    const auto as_value = [&](double number) {
        constexpr double kLargest = 9e15;  // whole numbers up to here are exact
        return (whole || number == std::floor(number)) && std::fabs(number) < kLargest
                   ? json::value(static_cast<std::int64_t>(number))
                   : json::value(number);
    };
    std::vector<double> candidates{1, 0};
    for (const auto& limit : {low, above, high, below}) {
        for (const double by : {0.0, 1.0, -1.0, 0.5, -0.5, 0.001, -0.001}) {
            if (limit) {
                const double number = *limit + by;
                candidates.push_back(number);
                if (grain > 0) {
                    candidates.push_back(std::ceil(number / grain) * grain);
                    candidates.push_back(std::floor(number / grain) * grain);
                }
            }
        }
    }
    candidates.push_back(grain);
    const json::value root;
    for (const double number : candidates) {
        const bool usable = !whole || number == std::floor(number);
        if (usable && fits(root, as_value(number), &schema)) {
            return as_value(number);
        }
    }
    return as_value(low.value_or(1));
}

}  // namespace plimsoll::import
