// Golden files: what an output looked like when someone last read it and found it right.
#pragma once

#include <string>

namespace plimsoll::golden {

/// Fails unless `actual` equals tests/golden/NAME byte for byte. With PLIMSOLL_UPDATE_GOLDEN=1 in
/// the environment it writes the file instead, and passes: read the difference before committing.
void expect_golden(const std::string& name, const std::string& actual);

}  // namespace plimsoll::golden
