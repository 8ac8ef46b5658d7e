#include "analysis/alert_delays.hpp"

#include "analysis/onset.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

StoredEvent alert(double t_s, const std::string& text) {
    return {t_s, EventKind::AlertChanged, "alert " + text};
}
StoredEvent planted(double t_s, const std::string& fault) {
    return {t_s, EventKind::FaultPlanted, "planted " + fault};
}

TEST(AlertEpisodes, HaveTheWholeChainFromTheOnset) {
    const auto all =
        alert_episodes({planted(10, "pool"), alert(12, "A{}: pending"), alert(14, "A{}: firing"),
                        alert(14.5, "A{}: reached the Alertmanager"), alert(30, "A{}: resolved")},
                       {});
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(episode_text(all[0]),
              "pending +2.0 s, firing +4.0 s, reached the Alertmanager +4.5 s, resolved +20.0 s");
}

TEST(AlertEpisodes, CountFromTheLastFaultPlantedBefore) {
    const auto all =
        alert_episodes({alert(5, "A{}: firing"), alert(6, "A{}: resolved"), planted(10, "one"),
                        alert(12, "A{}: firing"), alert(20, "A{}: resolved"), planted(40, "two"),
                        alert(47, "A{}: firing")},
                       {{10, "the planted fault one", std::nullopt, Onset::Kind::Planted}});
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(episode_text(all[0]), "firing -5.0 s, resolved -4.0 s");
    EXPECT_EQ(episode_text(all[1]), "firing +2.0 s, resolved +10.0 s");
    EXPECT_EQ(episode_text(all[2]), "firing +7.0 s; not resolved when the run ended");
}

TEST(AlertEpisodes, TellThoseThatNeverFiredAndThoseFromBeforeTheRun) {
    const auto all = alert_episodes({alert(-0.2, "Old{}: already firing"), alert(3, "A{}: pending"),
                                     alert(5, "A{}: no longer pending"),
                                     alert(6, "Old{}: resolved"), alert(7, "Lost{}: resolved")},
                                    {});
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(episode_text(all[0]), "firing before the run, resolved at 6.0 s");
    EXPECT_EQ(episode_text(all[1]), "pending at 3.0 s, gone at 5.0 s; never firing");
}

TEST(AlertEpisodes, TakeANotificationThatWasSeenBeforeTheAlertWasSeenToFire) {
    // Prometheus was asked just before the alert fired, the Alertmanager just after.
    const auto all = alert_episodes(
        {alert(12.002, "A{}: reached the Alertmanager"), alert(12.001, "A{}: firing"),
         alert(20, "A{}: resolved"), alert(33, "A{}: pending"),
         alert(34.5, "A{}: reached the Alertmanager"), alert(34.4, "A{}: firing")},
        {{10, "the planted fault one", std::nullopt, Onset::Kind::Planted}});
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].notified_s, 12.002);
    EXPECT_EQ(all[1].notified_s, 34.5);
}

TEST(AlertEpisodes, GiveALateNotificationToTheEpisodeThatItIsOf) {
    const auto all =
        alert_episodes({alert(12, "A{}: firing"), alert(20, "A{}: resolved"),
                        alert(20.1, "A{}: reached the Alertmanager"), alert(50, "A{}: firing"),
                        alert(51, "B{}: reached the Alertmanager"), alert(60, "C{}: firing"),
                        alert(61, "C{}: resolved"), alert(61.5, "C{}: reached the Alertmanager")},
                       {});
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].notified_s, 20.1);
    EXPECT_EQ(all[1].notified_s, std::nullopt);
    EXPECT_EQ(all[2].notified_s, 61.5);  // B never fired that anybody saw
}

TEST(Onsets, OfAFaultThatWasThereBeforeTheLoadAreItsFirstRequest) {
    Analysis analysis;
    analysis.breaking_point.found = true;
    analysis.breaking_point.at_s = 12;
    const auto onsets = known_onsets({planted(-0.4, "app-pool:size=5")}, analysis);
    ASSERT_EQ(onsets.size(), 2U);
    EXPECT_EQ(onsets[0].at_s, 0);
    EXPECT_EQ(onsets[0].kind, Onset::Kind::PlantedBefore);
    EXPECT_EQ(onsets[1].source, "the breaking point");
    EXPECT_TRUE(known_onsets({planted(-0.4, "none")}, Analysis{}).empty());
}

}  // namespace
}  // namespace plimsoll
