// One recorded request as a step.
#pragma once

#include "import/draft.hpp"
#include "import/har_entry.hpp"

#include <set>
#include <string>
#include <string_view>

namespace plimsoll::import {

/// Cookies that the recording got itself: a user's jar holds them.
class CookiesSeen {
public:
    void take(const boost::json::value& entry);
    [[nodiscard]] bool has_all(std::string_view header) const;

private:
    std::set<std::string> names_;
};

/// Its path (a whole URL where its origin is not `target`), headers and body as recorded, and the
/// status. Counts what it leaves out.
[[nodiscard]] DraftStep make_har_step(const HarEntry& entry, const std::string& target,
                                      const CookiesSeen& cookies, Draft& draft, LeftOut& left_out);

}  // namespace plimsoll::import
