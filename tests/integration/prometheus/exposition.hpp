// Reads the Prometheus text format, as far as our endpoint uses it.
#pragma once

#include <map>
#include <set>
#include <string>

namespace plimsoll::test {

struct Exposition {
    std::map<std::string, double> series;                 // by `name{label="value",...}` as written
    std::map<std::string, std::string> types;             // by family
    std::map<std::string, std::set<std::string>> labels;  // names, by family; without `le`
};

[[nodiscard]] Exposition read_exposition(const std::string& text);

}  // namespace plimsoll::test
