// How pods of Kubernetes are chosen: as far as it can be judged without asking it.
#pragma once

#include <string_view>

namespace plimsoll {

/// Whether this may be a label selector: of the letters that labels and operators have
/// (Kubernetes: labels and selectors), its parentheses in pairs.
[[nodiscard]] bool is_pod_selector(std::string_view text);
/// Whether this may be a namespace: a DNS label (RFC 1123), at most 63 of a-z, 0-9 and -.
[[nodiscard]] bool is_namespace(std::string_view text);

}  // namespace plimsoll
