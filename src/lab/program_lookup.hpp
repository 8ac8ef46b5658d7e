// Private to lab: programs and users by name.
#pragma once

#include "base/result.hpp"

#include <string>
#include <sys/types.h>
#include <vector>

namespace plimsoll {

/// The path to execute for `name`: itself when it has a slash, else the first match in PATH.
[[nodiscard]] Result<std::string> find_program(const std::string& name);

struct UserIdentity {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;
};
/// Error: no such user.
[[nodiscard]] Result<UserIdentity> find_user(const std::string& name);

}  // namespace plimsoll
