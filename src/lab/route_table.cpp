#include "lab/route_table.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    path.remove_prefix(path.starts_with('/') ? 1 : 0);
    while (true) {
        const auto end = path.find('/');
        segments.emplace_back(path.substr(0, end));
        if (end == std::string_view::npos) {
            return segments;
        }
        path.remove_prefix(end + 1);
    }
}

bool is_parameter(const std::string& segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
    return std::equal(pattern.begin(), pattern.end(), path.begin(), path.end(),
                      [](const std::string& wanted, const std::string& given) {
                          return is_parameter(wanted) ? !given.empty() : wanted == given;
                      });
}

/// Fixed segments before parameters, from left to right.
bool more_specific(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                        [](const std::string& x, const std::string& y) {
                                            return is_parameter(x) < is_parameter(y);
                                        });
}

bool good_segment(const std::string& segment) {
    return is_parameter(segment) || segment.find_first_of("{}?# ") == std::string::npos;
}

}  // namespace

Status RouteTable::add(Route route) {
    if (!route.path.starts_with('/')) {
        return Error{"a path must begin with /", route.path, {}};
    }
    auto segments = split(route.path);
    if (!std::all_of(segments.begin(), segments.end(), good_segment)) {
        return Error{"a path is made of fixed segments and whole segments in braces", route.path,
                     "for example /v1/things/{id}"};
    }
    for (const Entry& entry : entries_) {
        if (entry.route.method == route.method && entry.route.path == route.path) {
            return Error{"there are two routes for " + route.method, route.path, {}};
        }
    }
    const auto place = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return more_specific(segments, entry.segments);
    });
    entries_.insert(place, {std::move(route), std::move(segments)});
    return {};
}

RouteTable::Match RouteTable::find(std::string_view method, std::string_view path) const {
    const auto segments = split(path);
    const std::string_view wanted = method == "HEAD" ? "GET" : method;
    Match match;
    for (const Entry& entry : entries_) {
        if (!fits(entry.segments, segments)) {
            continue;
        }
        if (entry.route.method != wanted) {
            match.allowed += (match.allowed.empty() ? "" : ", ") + entry.route.method;
            continue;
        }
        match.route = &entry.route;
        for (std::size_t i = 0; i < segments.size(); ++i) {
            if (is_parameter(entry.segments[i])) {
                match.parameters.emplace_back(
                    entry.segments[i].substr(1, entry.segments[i].size() - 2),
                    percent_decode(segments[i]));
            }
        }
        return match;
    }
    return match;
}

}  // namespace plimsoll
