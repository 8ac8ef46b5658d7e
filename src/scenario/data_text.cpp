#include "scenario/data_text.hpp"

#include "base/utf8.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <iconv.h>
#include <memory>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";
constexpr std::string_view kLittleMark = "\xFF\xFE";
constexpr std::string_view kBigMark = "\xFE\xFF";

/// Where `before` ends, as path:line:column.
std::string place_after(std::string_view before, const std::string& path) {
    const std::size_t newline = before.rfind('\n');
    const std::size_t line = newline == std::string_view::npos ? 0 : newline + 1;
    return fmt::format("{}:{}:{}", path, 1 + std::count(before.begin(), before.end(), '\n'),
                       before.size() - line + 1);
}

Status check_utf8(std::string_view text, const std::string& path) {
    std::size_t at = 0;
    while (at < text.size()) {
        if (text[at] == '\0') {
            return Error{"is not UTF-8 text: it holds a NUL byte, as UTF-16 does",
                         place_after(text.substr(0, at), path),
                         "say what it is written in, e.g. encoding: utf-16le"};
        }
        const std::size_t length =
            static_cast<unsigned char>(text[at]) < 0x80 ? 1 : utf8_length(text.substr(at));
        if (length == 0) {
            return Error{fmt::format("is not UTF-8: the byte 0x{:02X}",
                                     static_cast<unsigned>(static_cast<unsigned char>(text[at]))),
                         place_after(text.substr(0, at), path),
                         "say what it is written in, e.g. encoding: windows-1252, or save it as "
                         "UTF-8"};
        }
        at += length;
    }
    return {};
}

struct ConverterCloser {
    void operator()(void* converter) const noexcept { ::iconv_close(converter); }
};

Result<std::string> converted(std::string_view bytes, const std::string& encoding,
                              const std::string& path) {
    const bool named = std::all_of(encoding.begin(), encoding.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == ':';
    });
    const iconv_t opened = named ? ::iconv_open("UTF-8", encoding.c_str())
                                 : reinterpret_cast<iconv_t>(-1);  // NOLINT: iconv's own idiom
    if (opened == reinterpret_cast<iconv_t>(-1)) {                 // NOLINT: the same
        return Error{fmt::format("{} is not an encoding that is known here", in_quotes(encoding)),
                     {},
                     "e.g. latin1, windows-1252, utf-16, shift_jis; `iconv -l` lists them"};
    }
    const std::unique_ptr<void, ConverterCloser> guard(opened);
    std::string text;
    std::array<char, 64U << 10U> piece;
    char* from = const_cast<char*>(bytes.data());  // NOLINT: iconv only reads it
    std::size_t left = bytes.size();
    bool more = true;
    while (more) {
        char* to = piece.data();
        std::size_t room = piece.size();
        more = left != 0;
        errno = 0;
        const std::size_t done = more ? ::iconv(opened, &from, &left, &to, &room)
                                      : ::iconv(opened, nullptr, nullptr, &to, &room);
        const int code = errno;
        text.append(piece.data(), piece.size() - room);
        if (done == static_cast<std::size_t>(-1) && code != E2BIG) {
            return Error{fmt::format("is not {}: the byte 0x{:02X}", encoding,
                                     static_cast<unsigned>(static_cast<unsigned char>(*from))),
                         place_after(text, path),
                         {}};
        }
    }
    return text;
}

}  // namespace

Result<DataText> DataText::open(const std::string& path, const std::string& encoding) {
    auto file = MappedFile::open(path);
    if (!file) {
        return file.error();
    }
    DataText text;
    text.file_ = *std::move(file);
    std::string from = encoding;
    std::transform(from.begin(), from.end(), from.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string_view bytes = text.file_.bytes();
    if (from.empty() && bytes.starts_with(kLittleMark)) {
        from = "utf-16le";
        bytes.remove_prefix(kLittleMark.size());
    } else if (from.empty() && bytes.starts_with(kBigMark)) {
        from = "utf-16be";
        bytes.remove_prefix(kBigMark.size());
    }
    if (from.empty() || from == "utf-8" || from == "utf8") {
        if (Status good = check_utf8(text.view(), path); !good) {
            return good.error();
        }
        return text;
    }
    auto made = converted(bytes, from, path);
    if (!made) {
        return made.error();
    }
    text.converted_ = *std::move(made);
    text.is_converted_ = true;
    return text;
}

std::string_view DataText::view() const noexcept {
    std::string_view text = is_converted_ ? std::string_view(converted_) : file_.bytes();
    text.remove_prefix(text.starts_with(kMark) ? kMark.size() : 0);
    return text;
}

}  // namespace plimsoll
