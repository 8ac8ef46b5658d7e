// The text in which a run file keeps an endpoint's statuses.
#pragma once

#include "base/result.hpp"
#include "record/interval.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// "200 ok 18,503 http_5xx 2": an endpoint's statuses in one cell.
[[nodiscard]] std::string encode_statuses(const std::vector<StatusCount>& statuses);
/// Error: not what encode_statuses writes.
[[nodiscard]] Result<std::vector<StatusCount>> decode_statuses(std::string_view text);

}  // namespace plimsoll
