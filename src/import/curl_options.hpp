// curl's own command line: its options, and what a line comes to.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::import {

struct CurlGiven {
    std::string_view option;  // the long name
    std::string value;
    bool off = false;  // --no-NAME
};

/// What stands between --next and --next: the same options for all its URLs.
struct CurlTransfer {
    struct Url {
        std::string text;
        std::optional<std::string> upload;  // of -T: a file's name
    };
    std::vector<Url> urls;
    std::vector<CurlGiven> given;

    [[nodiscard]] bool has(std::string_view option) const;
    /// The last one's value; "" where it does not stand.
    [[nodiscard]] std::string last(std::string_view option) const;
};

/// `words` are those behind "curl". Options are those of 7.88: a long name may be cut short where
/// it is unique, letters may be joined. Error: what makes curl stop before it sends anything.
[[nodiscard]] Result<std::vector<CurlTransfer>> read_curl_words(
    const std::vector<std::string>& words);

/// Where {a,b}, [1-3] and [a-z:2] stand for several URLs: all of them, in curl's order. Error: the
/// pattern is broken, or stands for more than a scenario should hold.
[[nodiscard]] Result<std::vector<std::string>> expand_curl_url(std::string_view url);

/// Without /./ and /../, as curl sends a path.
[[nodiscard]] std::string without_dot_segments(std::string_view target);

}  // namespace plimsoll::import
