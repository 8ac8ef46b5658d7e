// Private to lab: members of a profile's objects, with errors that name their place.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

namespace plimsoll::profile {

[[nodiscard]] Error wrong(const std::string& where, std::string what, std::string hint = {});
/// "routes[2].path".
[[nodiscard]] std::string at(const std::string& where, std::string_view key);

/// Error: a member that none of `known` names.
[[nodiscard]] Status check_keys(const boost::json::object& object, const std::string& where,
                                const std::vector<std::string_view>& known);

// Each leaves `target` as it is when there is no such member.
[[nodiscard]] Status read_text(const boost::json::object& object, const std::string& where,
                               std::string_view key, std::string& target, bool required = false);
[[nodiscard]] Status read_int(const boost::json::object& object, const std::string& where,
                              std::string_view key, int least, int most, int& target);
[[nodiscard]] Status read_time(const boost::json::object& object, const std::string& where,
                               std::string_view key, Nanoseconds& target);
[[nodiscard]] Status read_flag(const boost::json::object& object, const std::string& where,
                               std::string_view key, bool& target);
[[nodiscard]] Status read_texts(const boost::json::object& object, const std::string& where,
                                std::string_view key, std::vector<std::string>& target);

/// The first failure of several readings.
[[nodiscard]] Status first_of(std::initializer_list<Status> all);

}  // namespace plimsoll::profile
