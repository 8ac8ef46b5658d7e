// A data file's content as UTF-8, whatever it was written in.
#pragma once

#include "base/result.hpp"
#include "scenario/mapped_file.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// The file itself where it is UTF-8, else a converted copy. A byte order mark is left out.
class DataText {
public:
    /// `encoding`: a name that iconv knows (latin1, windows-1252, utf-16le ...); empty: UTF-8, or
    /// the UTF-16 that a byte order mark announces. Error: not readable, no such encoding, bytes
    /// that it does not have (`where` is path:line:column, columns in bytes of UTF-8).
    [[nodiscard]] static Result<DataText> open(const std::string& path,
                                               const std::string& encoding);
    /// Valid UTF-8; as long as this object stays where it is.
    [[nodiscard]] std::string_view view() const noexcept;

private:
    MappedFile file_;
    std::string converted_;
    bool is_converted_ = false;
};

}  // namespace plimsoll
