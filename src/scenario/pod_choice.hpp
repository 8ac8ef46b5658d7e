// Names and selectors of Kubernetes, as far as they can be judged without asking it.
#pragma once

#include <cstddef>
#include <string_view>

namespace plimsoll {

/// Whether this may be a label selector: of the letters that labels and operators have
/// (Kubernetes: labels and selectors), its parentheses in pairs.
[[nodiscard]] bool is_pod_selector(std::string_view text);
/// Whether this is a DNS label (RFC 1123), as namespaces and most names of Kubernetes are: at most
/// `longest` of a-z, 0-9 and -, with a letter or digit at either end.
[[nodiscard]] bool is_dns_label(std::string_view text, std::size_t longest = 63);

}  // namespace plimsoll
