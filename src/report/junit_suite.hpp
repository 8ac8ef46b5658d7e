// The elements of JUnit's XML. Inside src/report.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plimsoll::report {

/// For an attribute's value: XML would read a plain newline or tab there as a space.
[[nodiscard]] std::string attribute(std::string_view text);

struct Suite {
    std::string name;
    std::string cases;
    std::size_t tests = 0, failures = 0, skipped = 0;

    /// `inner` is the element that says how the case ended; empty for a pass.
    void add(const std::string& class_name, const std::string& name_of_case,
             const std::string& inner);
    [[nodiscard]] std::string text(const std::string& attributes) const;
};

}  // namespace plimsoll::report
