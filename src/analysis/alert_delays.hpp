// How long after an onset the alerts that somebody watched did what.
#pragma once

#include "analysis/result.hpp"
#include "store/run_reader.hpp"

#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// One entry for each time that an alert began to be pending or firing, in order of time. Pure: by
/// the events of kind AlertChanged alone. Each counts from the last fault that was planted before
/// its end, where any was; else from the first of `onsets`.
[[nodiscard]] std::vector<AlertEpisode> alert_episodes(const std::vector<StoredEvent>& events,
                                                       const std::vector<Onset>& onsets);

/// "+8.2 s" after the onset, "-3.0 s" before it; "at 12.0 s" where there is none. "–" without a
/// time.
[[nodiscard]] std::string after_onset_text(const std::optional<double>& at_s,
                                           const std::optional<double>& onset_s);
/// The same of an episode's pending and firing; "before the run" where it was so already.
[[nodiscard]] std::string pending_text(const AlertEpisode& episode);
[[nodiscard]] std::string firing_text(const AlertEpisode& episode);
/// "pending +2.0 s, firing +4.1 s, reached the Alertmanager +4.2 s, resolved +20.5 s". What did not
/// come is named where it matters: an alert that never fired, or did not resolve.
[[nodiscard]] std::string episode_text(const AlertEpisode& episode);
/// What the delays of a run count from, for a line above them.
[[nodiscard]] std::string episodes_headline(const Analysis& analysis);

}  // namespace plimsoll
