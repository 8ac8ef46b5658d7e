#include "tests/integration/prometheus/exposition.hpp"

#include <regex>
#include <sstream>

namespace plimsoll::test {
namespace {

/// The family that a series belongs to: histograms have three suffixes.
std::string family_of(const std::string& name, const Exposition& seen) {
    for (const char* suffix : {"_bucket", "_sum", "_count"}) {
        const std::size_t cut = name.rfind(suffix);
        if (cut != std::string::npos && seen.types.count(name.substr(0, cut)) != 0) {
            return name.substr(0, cut);
        }
    }
    return name;
}

}  // namespace

Exposition read_exposition(const std::string& text) {
    static const std::regex label("([a-z_]+)=\"(?:[^\"\\\\]|\\\\.)*\"");
    Exposition out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind("# TYPE ", 0) == 0) {
            const std::size_t space = line.find(' ', 7);
            out.types[line.substr(7, space - 7)] = line.substr(space + 1);
        }
        const std::size_t cut = line.rfind(' ');
        if (line.empty() || line[0] == '#' || cut == std::string::npos) {
            continue;
        }
        const std::string key = line.substr(0, cut);
        out.series[key] = std::stod(line.substr(cut + 1));
        const std::string family = family_of(key.substr(0, key.find('{')), out);
        for (std::sregex_iterator it(key.begin(), key.end(), label), end; it != end; ++it) {
            if ((*it)[1] != "le") {
                out.labels[family].insert((*it)[1]);
            }
        }
    }
    return out;
}

}  // namespace plimsoll::test
