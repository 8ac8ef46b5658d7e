#include "signal/alert_note.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(AlertNote, IsReadBackAsItWasWritten) {
    using Move = AlertNote::Move;
    for (const char* alert : {"A{}", "Slow{job=\"a\",path=\"/x}: firing\"}"}) {
        for (const Move move : {Move::Pending, Move::Firing, Move::Notified, Move::Resolved,
                                Move::Dropped, Move::Gone}) {
            for (const char* since : {"", "2026-01-01T00:00:05Z"}) {
                const AlertNote note{alert, move, since[0] != '\0', since};
                const auto back = parse_alert_note(to_text(note));
                ASSERT_TRUE(back) << to_text(note);
                EXPECT_EQ(back->alert, alert);
                EXPECT_EQ(back->move, move);
                EXPECT_EQ(back->already, note.already);
                EXPECT_EQ(back->since, since);
            }
        }
    }
}

TEST(AlertNote, SaysAlertOnce) {
    EXPECT_EQ(to_text({"Slow{job=\"a\"}", AlertNote::Move::Firing, false, "T"}),
              "alert Slow{job=\"a\"}: firing (active since T)");
    EXPECT_EQ(to_text({"Slow{}", AlertNote::Move::Pending, true, {}}),
              "alert Slow{}: already pending");
}

TEST(AlertNote, IsNoOtherText) {
    for (const char* other : {"", "alert", "alert A{}", "alert A{}: off", "pool A{}: firing"}) {
        EXPECT_FALSE(parse_alert_note(other)) << other;
    }
}

}  // namespace
}  // namespace plimsoll
