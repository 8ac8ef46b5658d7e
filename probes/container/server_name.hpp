// What a server program is called, whatever interprets it.
#pragma once

#include <string>
#include <string_view>

namespace plimsoll {

/// `command` (as in /proc/PID/stat), or the known server that an interpreter runs by its command
/// line (/proc/PID/cmdline, arguments ended by NUL): "gunicorn" of `python -m gunicorn app` and of
/// `python /venv/bin/gunicorn app`; "uvicorn" also where it is gunicorn's worker class. Nothing
/// else of a command line is ever given back, since it may hold secrets.
[[nodiscard]] std::string server_name(const std::string& command, std::string_view command_line);

}  // namespace plimsoll
