// What an alert did, as an event of kind AlertChanged tells it: one text, written by whoever
// watches alerts and read by analysis.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

struct AlertNote {
    enum class Move {
        Pending,
        Firing,
        Notified,  // it reached an Alertmanager
        Resolved,
        Dropped,  // no longer pending; it never fired
        Gone,     // from the Alertmanager
    };
    std::string alert;  // its name and labels: Slow{job="a"}
    Move move = Move::Firing;
    bool already = false;    // it was so when somebody first looked
    std::string since = {};  // since when its condition holds, by the server; may be empty
};

/// `alert Slow{job="a"}: firing (active since 2026-01-01T00:00:05Z)`.
[[nodiscard]] std::string to_text(const AlertNote& note);
/// The same back; nullopt for another text.
[[nodiscard]] std::optional<AlertNote> parse_alert_note(std::string_view text);

}  // namespace plimsoll
