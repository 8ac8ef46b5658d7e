#include "alerts/alert_state.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

std::int64_t to_ms(Nanoseconds duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

AlertState most_advanced(const std::map<std::string, AlertState>& states) {
    AlertState out = AlertState::Inactive;
    for (const auto& [alert, state] : states) {
        out = std::max(out, state);
    }
    return out;
}

}  // namespace

AlertMachine::AlertMachine(Nanoseconds hold, Nanoseconds keep_firing)
    : hold_ms_(to_ms(hold)), keep_ms_(to_ms(keep_firing)) {}

void AlertMachine::note(std::int64_t at_ms, const std::string& alert, AlertState to,
                        std::int64_t since_ms) {
    changes_.push_back({at_ms, alert, to, since_ms});
}

bool AlertMachine::keeps(Active& active, std::int64_t at_ms) const {
    if (active.state != AlertState::Firing || keep_ms_ <= 0) {
        return false;
    }
    if (active.missing_since_ms < 0) {
        active.missing_since_ms = at_ms;
    }
    return at_ms - active.missing_since_ms < keep_ms_;
}

void AlertMachine::evaluate(std::int64_t at_ms, std::span<const std::string> present) {
    ++evaluations_;
    for (const std::string& alert : present) {
        const auto [at, fresh] = active_.try_emplace(alert);
        at->second.seen = evaluations_;
        at->second.missing_since_ms = -1;
        if (fresh) {
            at->second.since_ms = at_ms;
        }
        if (fresh && hold_ms_ > 0) {
            note(at_ms, alert, AlertState::Pending, at_ms);
        }
    }
    for (auto at = active_.begin(); at != active_.end();) {
        Active& active = at->second;
        if (active.seen != evaluations_ && !keeps(active, at_ms)) {
            note(at_ms, at->first, AlertState::Inactive, active.since_ms);
            at = active_.erase(at);
            continue;
        }
        if (active.state == AlertState::Pending && at_ms - active.since_ms >= hold_ms_) {
            active.state = AlertState::Firing;
            note(at_ms, at->first, AlertState::Firing, active.since_ms);
        }
        ++at;
    }
}

AlertState AlertMachine::state() const {
    AlertState out = AlertState::Inactive;
    for (const auto& [alert, active] : active_) {
        out = std::max(out, active.state);
    }
    return out;
}

std::vector<RuleSpan> spans_of(const std::vector<AlertChange>& changes, std::int64_t end_ms) {
    std::vector<RuleSpan> out;
    std::map<std::string, AlertState> states;
    AlertState state = AlertState::Inactive;
    for (std::size_t i = 0; i < changes.size();) {
        const std::int64_t at_ms = changes[i].at_ms;
        std::int64_t pending_ms = at_ms;
        for (; i < changes.size() && changes[i].at_ms == at_ms; ++i) {
            states[changes[i].alert] = changes[i].to;
            if (changes[i].to == AlertState::Firing) {
                pending_ms = std::min(pending_ms, changes[i].active_ms);
            }
        }
        const AlertState now = most_advanced(states);
        if (now == state) {
            continue;
        }
        if (!out.empty() && out.back().open) {
            out.back().open = false;
            out.back().to_ms = at_ms;
        }
        if (now != AlertState::Inactive) {
            out.push_back({now, at_ms, end_ms, true, pending_ms});
        }
        state = now;
    }
    return out;
}

}  // namespace plimsoll
