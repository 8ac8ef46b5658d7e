// Text from outside on its way to a terminal.
#pragma once

#include <string>
#include <string_view>

namespace plimsoll {

/// `text` such that showing it does nothing but show it: control characters (but line feed and
/// tab), C1 controls, what changes the direction of text or hides in it (U+202E, U+200B ...) and
/// bytes that are no UTF-8 become \x1b, \u202e and the like. Endpoint names, server-sent bodies,
/// file contents, messages of databases and containers: all that is printed passes through here.
[[nodiscard]] std::string shown_text(std::string_view text);

/// The same on one line: line feeds and tabs too.
[[nodiscard]] std::string shown_line(std::string_view text);

}  // namespace plimsoll
