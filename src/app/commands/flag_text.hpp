// Texts of flags that may stand in a file or in the environment, where no list of processes shows
// them.
#pragma once

#include "base/result.hpp"

#include <string>
#include <vector>

namespace plimsoll {

/// `text`, or where it is @FILE the first line of that file. Error: it cannot be read, or is empty;
/// `flag` is where.
[[nodiscard]] Result<std::string> flag_text(const std::string& text, const char* flag);

/// Every line of @FILE that holds something, `text` itself otherwise.
[[nodiscard]] Result<std::vector<std::string>> flag_lines(const std::string& text,
                                                          const char* flag);

/// The whole of @FILE, or `text`.
[[nodiscard]] Result<std::string> flag_content(const std::string& text, const char* flag);

/// The same error, with the flag as its place.
[[nodiscard]] inline Error at_flag(const Error& error, const char* flag) {
    return {error.what, flag, error.hint};
}

/// "5%" as 0.05. Error: not a percentage; `flag` is where.
[[nodiscard]] Result<double> flag_share(const std::string& text, const char* flag);

/// The flags' values; where there are none and the file says nothing (`in_file` false), what the
/// environment variable `name` holds.
[[nodiscard]] Result<std::vector<std::string>> flags_or_environment(
    const std::vector<std::string>& flags, const char* flag, const char* name, bool in_file);

}  // namespace plimsoll
