// A number that fits a JSON Schema.
#pragma once

#include <boost/json/value.hpp>

namespace plimsoll::import {

/// The smallest plain one that the schema's limits allow; `whole`: an integer. Where none that was
/// tried fits, its minimum, or 1.
[[nodiscard]] boost::json::value sample_number(const boost::json::value& schema, bool whole);

}  // namespace plimsoll::import
