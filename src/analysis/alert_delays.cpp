#include "analysis/alert_delays.hpp"

#include "signal/alert_note.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using Move = AlertNote::Move;

/// Puts the changes of each alert together.
class Collector {
public:
    void add(double at_s, const AlertNote& note) {
        switch (note.move) {
            case Move::Pending:
                begin(note).pending_s = at_s;
                break;
            case Move::Firing: {
                AlertEpisode* const pending = open(note.alert);
                AlertEpisode& episode =
                    pending != nullptr && !pending->firing_s ? *pending : begin(note);
                episode.firing_s = at_s;
                settle(note.alert);
                break;
            }
            case Move::Notified:
                notified(at_s, note);
                break;
            case Move::Resolved:
            case Move::Dropped:
                if (AlertEpisode* const episode = open(note.alert)) {
                    episode->resolved_s = at_s;
                    open_.erase(note.alert);
                }
                break;
            case Move::Gone:
                break;
        }
    }
    [[nodiscard]] std::vector<AlertEpisode> take() {
        while (!early_.empty()) {
            settle(early_.begin()->first);
        }
        return std::move(episodes_);
    }

private:
    AlertEpisode& begin(const AlertNote& note) {
        episodes_.emplace_back();
        episodes_.back().alert = note.alert;
        episodes_.back().already = note.already;
        open_[note.alert] = episodes_.size() - 1;
        return episodes_.back();
    }
    AlertEpisode* open(const std::string& alert) {
        const auto found = open_.find(alert);
        return found == open_.end() ? nullptr : &episodes_[found->second];
    }
    /// The first time counts. The Alertmanager is asked after Prometheus, so an alert may be seen
    /// there before it was seen to fire; and it may reach it when it has just resolved.
    void notified(double at_s, const AlertNote& note) {
        const AlertEpisode* const episode = open(note.alert);
        if (note.already || (episode != nullptr && episode->notified_s)) {
            return;
        }
        early_[note.alert] = at_s;
        if (episode != nullptr && episode->firing_s) {
            settle(note.alert);
        }
    }
    /// Gives a notification that came early to the episode it is of, by its time: the last that
    /// fired no later than that.
    void settle(const std::string& alert) {
        const auto early = early_.find(alert);
        if (early == early_.end()) {
            return;
        }
        constexpr double kClocks_s = 1;  // two servers' clocks, and the times they round
        const auto fired =
            std::find_if(episodes_.rbegin(), episodes_.rend(), [&](const AlertEpisode& each) {
                return each.alert == alert && each.firing_s &&
                       *each.firing_s <= early->second + kClocks_s;
            });
        if (fired != episodes_.rend()) {
            fired->notified_s = fired->notified_s.value_or(early->second);
        }
        early_.erase(early);
    }

    std::vector<AlertEpisode> episodes_;
    std::map<std::string, std::size_t> open_;  // by alert: index into episodes_
    std::map<std::string, double> early_;      // notified, and not yet of an episode
};

/// The last fault planted before the alert fired, or was pending where it never fired.
std::optional<double> planted_before(const std::vector<double>& planted_s,
                                     const AlertEpisode& episode) {
    std::optional<double> last;
    for (const double at_s : planted_s) {
        last = at_s <= episode.firing_s.value_or(episode.pending_s.value_or(0))
                   ? std::optional(at_s)
                   : last;
    }
    return last;
}

}  // namespace

std::vector<AlertEpisode> alert_episodes(const std::vector<StoredEvent>& events,
                                         const std::vector<Onset>& onsets) {
    Collector collector;
    std::vector<double> planted_s;
    for (const StoredEvent& event : events) {
        if (event.kind == EventKind::FaultPlanted && event.text != "planted none") {
            planted_s.push_back(std::max(event.t_s, 0.0));
        }
        const auto note =
            event.kind == EventKind::AlertChanged ? parse_alert_note(event.text) : std::nullopt;
        if (note) {
            collector.add(std::max(event.t_s, 0.0), *note);
        }
    }
    std::vector<AlertEpisode> out = collector.take();
    for (AlertEpisode& episode : out) {
        episode.onset_s = planted_before(planted_s, episode);
        if (!episode.onset_s && !onsets.empty()) {
            episode.onset_s = onsets.front().at_s;
        }
    }
    std::stable_sort(out.begin(), out.end(), [](const AlertEpisode& a, const AlertEpisode& b) {
        return a.begin_s() < b.begin_s();
    });
    return out;
}

std::string after_onset_text(const std::optional<double>& at_s,
                             const std::optional<double>& onset_s) {
    if (!at_s) {
        return "–";
    }
    return onset_s ? fmt::format("{:+.1f} s", *at_s - *onset_s) : fmt::format("at {:.1f} s", *at_s);
}

std::string pending_text(const AlertEpisode& episode) {
    return episode.already && episode.pending_s
               ? "before the run"
               : after_onset_text(episode.pending_s, episode.onset_s);
}

std::string firing_text(const AlertEpisode& episode) {
    return episode.already && !episode.pending_s
               ? "before the run"
               : after_onset_text(episode.firing_s, episode.onset_s);
}

std::string episode_text(const AlertEpisode& episode) {
    std::string text;
    const auto add = [&](const char* what, const std::optional<double>& at_s) {
        if (at_s) {
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", what,
                                after_onset_text(at_s, episode.onset_s));
        }
    };
    if (episode.already) {
        text = episode.firing_s && !episode.pending_s ? "firing before the run"
                                                      : "pending before the run";
        add("firing", episode.pending_s ? episode.firing_s : std::nullopt);
    } else {
        add("pending", episode.pending_s);
        add("firing", episode.firing_s);
    }
    add("reached the Alertmanager", episode.notified_s);
    if (!episode.firing_s) {
        add("gone", episode.resolved_s);
        return text + "; never firing";
    }
    add("resolved", episode.resolved_s);
    return text + (episode.resolved_s ? "" : "; not resolved when the run ended");
}

std::string episodes_headline(const Analysis& analysis) {
    if (analysis.onsets.empty()) {
        return "no trouble in this run is known; times are since its start";
    }
    const Onset& onset = analysis.onsets.front();
    const bool several = std::any_of(
        analysis.alerts.begin(), analysis.alerts.end(),
        [&](const AlertEpisode& each) { return each.onset_s.value_or(onset.at_s) != onset.at_s; });
    return several ? "times count from the last fault planted before"
                   : fmt::format("times count from {:.1f} s, {}", onset.at_s, onset.source);
}

}  // namespace plimsoll
