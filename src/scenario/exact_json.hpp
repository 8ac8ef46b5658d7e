// JSON read by Boost.JSON such that numbers keep their text. Boost.JSON knows 64-bit integers and
// doubles: 12345678901234567890123 and 1e400 would come out as other numbers, 1.10 and 2.0 as 1.1
// and 2. What is no plain 64-bit integer is kept as a string that begins with a byte that no JSON
// string may hold; the functions here know it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <boost/json/error.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>

namespace plimsoll {

/// U+FEFF in UTF-8, which some programs write before a text.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Parses one document after the other, with the memory that it is given.
class ExactJsonParser {
public:
    /// `stack`: of this object's lifetime, for what is under way; more is taken where needed.
    ExactJsonParser(unsigned char* stack, std::size_t stack_size, std::size_t max_depth);
    ~ExactJsonParser();
    ExactJsonParser(const ExactJsonParser&) = delete;
    ExactJsonParser& operator=(const ExactJsonParser&) = delete;

    /// Forgets what a failed parse left in its memory.
    void forget();
    /// The whole document, a byte order mark before it left out. `at`: bytes read, and where it
    /// failed. Null and `error` where it is no JSON, or more than one value.
    [[nodiscard]] boost::json::value parse(std::string_view text,
                                           const boost::json::storage_ptr& storage,
                                           boost::json::error_code& error, std::size_t& at);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

[[nodiscard]] bool is_json_number(const boost::json::value& value) noexcept;
[[nodiscard]] bool is_json_string(const boost::json::value& value) noexcept;
/// As a double; beyond what one holds, infinity or 0.
[[nodiscard]] double json_number(const boost::json::value& number);
/// Appends the text of a number, as it was written.
void append_json_number(const boost::json::value& number, std::string& out);
/// Appends any value as JSON, numbers as they were written.
void append_json(const boost::json::value& value, std::string& out);

}  // namespace plimsoll
