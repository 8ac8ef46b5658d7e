#include "scenario/pod_choice.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_word(char c) {
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

}  // namespace

bool is_pod_selector(std::string_view text) {
    constexpr std::string_view kOthers = "-_./=!<>,() ";
    int open = 0;
    for (const char c : text) {
        open += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (open < 0 || (!is_word(c) && kOthers.find(c) == std::string_view::npos)) {
            return false;
        }
    }
    return open == 0 && std::any_of(text.begin(), text.end(), is_word);
}

bool is_dns_label(std::string_view text, std::size_t longest) {
    return !text.empty() && text.size() <= longest && is_lower_or_digit(text.front()) &&
           is_lower_or_digit(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
               return is_lower_or_digit(c) || c == '-';
           });
}

}  // namespace plimsoll
