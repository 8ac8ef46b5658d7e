#include "signal/alert_note.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::string_view kBefore = "alert ";
constexpr std::string_view kAlready = "already ";
constexpr std::string_view kSince = " (active since ";
constexpr std::array<std::pair<AlertNote::Move, std::string_view>, 6> kMoves{
    {{AlertNote::Move::Pending, "pending"},
     {AlertNote::Move::Firing, "firing"},
     {AlertNote::Move::Notified, "reached the Alertmanager"},
     {AlertNote::Move::Resolved, "resolved"},
     {AlertNote::Move::Dropped, "no longer pending"},
     {AlertNote::Move::Gone, "gone from the Alertmanager"}}};

}  // namespace

std::string to_text(const AlertNote& note) {
    std::string_view move;
    for (const auto& [each, text] : kMoves) {
        move = each == note.move ? text : move;
    }
    return fmt::format("{}{}: {}{}{}", kBefore, note.alert, note.already ? kAlready : "", move,
                       note.since.empty() ? "" : fmt::format("{}{})", kSince, note.since));
}

std::optional<AlertNote> parse_alert_note(std::string_view text) {
    // Labels can hold anything, and the name nothing of it: what follows is behind the last brace.
    const std::size_t brace = text.rfind("}: ");
    if (!text.starts_with(kBefore) || brace == std::string_view::npos) {
        return std::nullopt;
    }
    AlertNote note;
    note.alert = text.substr(kBefore.size(), brace + 1 - kBefore.size());
    std::string_view rest = text.substr(brace + 3);
    if (const std::size_t since = rest.find(kSince); since != std::string_view::npos) {
        std::string_view when = rest.substr(since + kSince.size());
        when.remove_suffix(when.ends_with(')') ? 1 : 0);
        note.since = when;
        rest = rest.substr(0, since);
    }
    if (rest.starts_with(kAlready)) {
        note.already = true;
        rest.remove_prefix(kAlready.size());
    }
    for (const auto& [move, word] : kMoves) {
        if (rest == word) {
            note.move = move;
            return note;
        }
    }
    return std::nullopt;
}

}  // namespace plimsoll
