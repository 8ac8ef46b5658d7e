#include "import/draft.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

// Where the noun ends and what is said of it begins.
std::size_t noun_end(std::string_view what) {
    constexpr std::array<std::string_view, 16> kNext{
        " to ", " of ", " that ", " without ", " whose ", " behind ", " with ", " in ",
        " (",   " was", " is ",   " has ",     " from ",  " for ",    " at ",   " by "};
    std::size_t end = what.size();
    for (const std::string_view next : kNext) {
        end = std::min(end, what.find(next));
    }
    return end;
}

std::string plural(std::string_view noun) {
    std::string many(noun);
    const auto ends = [&](std::string_view end) { return noun.ends_with(end); };
    const bool vowel_before_y =
        noun.size() > 1 &&
        std::string_view("aeiou").find(noun[noun.size() - 2]) != std::string_view::npos;
    if (ends("y") && !vowel_before_y) {
        many.pop_back();
        return many + "ies";
    }
    return many + (ends("s") || ends("x") || ends("ch") || ends("sh") ? "es" : "s");
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (std::size_t at = text.find(what); at != std::string::npos;
         at = text.find(what, at + with.size())) {
        text.replace(at, what.size(), with);
    }
}

}  // namespace

std::string counted(std::size_t count, std::string_view what) {
    if (count == 1) {
        return fmt::format("1 {}", what);
    }
    const std::size_t end = noun_end(what);
    std::string rest(what.substr(end));
    constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kForms{
        {{"; it is ", "; they are "},
         {"; it was ", "; they were "},
         {"; its ", "; their "},
         {" fit its own schema", " fit their own schemas"},
         {" was ", " were "},
         {" that is ", " that are "},
         {" has ", " have "},
         {" that does ", " that do "}}};
    for (const auto& [one, many] : kForms) {
        replace_all(rest, one, many);
    }
    if (rest.starts_with(" is ")) {
        rest.replace(0, 4, " are ");
    }
    return fmt::format("{} {}{}", count, plural(what.substr(0, end)), rest);
}

void Draft::sort_notes() {
    std::sort(notes.begin(), notes.end());
    notes.erase(std::unique(notes.begin(), notes.end()), notes.end());
}

void LeftOut::note(Draft& draft) const {
    for (const auto& [what, count] : left_out_) {
        draft.notes.push_back("left out: " + counted(count, what));
    }
    for (const auto& [what, count] : remarks_) {
        draft.notes.push_back(counted(count, what));
    }
}

}  // namespace plimsoll::import
