// What a step takes from a response, and asks of it.
#pragma once

#include "engine/recording/recorder.hpp"
#include "engine/users/user.hpp"
#include "scenario/response.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// Whether the step asks anything of a response beyond its status: only then is there a judgement.
[[nodiscard]] inline bool looks_at_response(const Step& step) noexcept {
    return !step.captures.empty() || !step.expect.checks.empty() || step.until.has_value();
}

/// What a request came to once its step has seen the response.
struct Judgement {
    Outcome outcome;
    std::string_view text;  // why, where it failed
    bool again = false;     // `until` is not met yet, and may be asked again
};

/// Runs checks, `until` and captures. Threading: one per shard, for all its users.
class Judge {
public:
    /// Both must outlive it.
    Judge(const UsersPlan& plan, Recorder& recorder) : plan_(plan), recorder_(recorder) {}

    /// Of a request of `step` that came to `outcome` at `now`. `response` counts where `outcome` is
    /// an answer. The text is valid until the next call.
    [[nodiscard]] Judgement judge(User& user, const Step& step, const ResponseView& response,
                                  Judgement before, Clock::time_point now);

private:
    [[nodiscard]] bool take_captures(User& user, const Step& step);
    [[nodiscard]] bool run_checks(User& user, const Step& step, Clock::time_point now);
    void count_checks_failed(const Step& step, Clock::time_point now);
    [[nodiscard]] bool until_holds(User& user, const Until& until);

    const UsersPlan& plan_;
    Recorder& recorder_;
    ResponseReader reader_;
    std::string missing_;
    std::string judged_;  // why the response under judgement is refused
    std::string why_;
};

}  // namespace plimsoll
