#include "app/run_session.hpp"

#include "app/console.hpp"
#include "app/run_report.hpp"
#include "app/signal_forwarder.hpp"
#include "app/version.hpp"

#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {
namespace {

class TerminalListener final : public RunListener {
public:
    /// `page` may be null.
    TerminalListener(const SessionOptions& options, LivePage* page, StopQueue& stops)
        : options_(options), page_(page), stops_(stops) {}

    void on_begin(const RunInfo& run, const std::vector<ProbeInfo>& probes) override {
        view_.emplace(run, probes, options_.view, options_.colour);
    }
    void on_open(const std::string& metrics, const std::string& control) override {
        if (options_.view == ViewMode::Off) {
            return;
        }
        if (!metrics.empty()) {
            say("metrics   {}\n", metrics);
        }
        if (!control.empty()) {
            say("control   {}/v1/status\n", control);
        }
    }
    void on_control(LoadControl& control, const std::filesystem::path& folder) override {
        if (page_ != nullptr) {
            page_->on_control(control, folder);
        }
        if (options_.sender != nullptr) {
            options_.sender->begin(control, stops_, folder / "run.db");
        }
    }
    void on_snapshot(const SnapshotPtr& snapshot) override {
        view_->on_snapshot(snapshot);
        if (options_.sender != nullptr) {
            options_.sender->on_tick(snapshot->tick, snapshot->last);
        }
    }
    void on_event(const Event& event) override {
        view_->on_event(event);
        // Of a load that others make, what becomes of them is the user's business at once.
        if (options_.make_load && event.kind == EventKind::Note) {
            const std::lock_guard lock(news_mutex_);
            news_.push_back(event.text);
        }
    }
    void on_reading(std::size_t probe, const Reading& reading) override {
        view_->on_reading(probe, reading);
    }
    void on_turn() override {
        tell_news();
        view_->draw();
    }
    void on_load_end() override {
        tell_news();
        view_->clear();
    }
    void on_line(const std::string& line) override {
        if (options_.view != ViewMode::Off) {
            view_->clear();
            say("find      {}\n", line);
        }
    }
    void on_trouble(const std::string& sentence) override {
        if (view_) {
            view_->clear();
        }
        say(stderr, "plimsoll: {}\n", sentence);
    }
    void on_error(const Error& error) override {
        if (view_) {
            view_->clear();
        }
        complain(error);
        if (page_ != nullptr) {
            page_->on_error(error);
        }
    }

private:
    void tell_news() {
        std::vector<std::string> news;
        {
            const std::lock_guard lock(news_mutex_);
            news.swap(news_);
        }
        for (const std::string& sentence : news) {
            on_trouble(sentence);
        }
    }

    const SessionOptions& options_;
    std::mutex news_mutex_;
    std::vector<std::string> news_;  // that the thread of the run has yet to tell
    LivePage* page_;
    StopQueue& stops_;
    std::optional<LiveView> view_;
};

ExitCode exit_code_of(StopKind kind) {
    switch (kind) {
        case StopKind::Interrupted:
        case StopKind::Control:
            return ExitCode::Interrupted;
        case StopKind::Threshold:
            return ExitCode::ThresholdFailed;
        case StopKind::AbortRun:
        case StopKind::Owner:
            return ExitCode::SafetyStop;
        case StopKind::OutOfMemory:
            return ExitCode::InternalError;
    }
    return ExitCode::InternalError;
}

ExitCode exit_code_of(const RunOutcome& outcome) {
    switch (outcome.end) {
        case RunEnd::Completed:
            return ExitCode::Passed;
        case RunEnd::Stopped:
            return exit_code_of(*outcome.stopped);
        case RunEnd::InvalidInput:
            return ExitCode::InvalidInput;
        case RunEnd::Unreachable:
            return ExitCode::Unreachable;
        case RunEnd::PortInUse:
            return ExitCode::PortInUse;
        case RunEnd::SetupFailed:
            return ExitCode::SetupFailed;
        case RunEnd::TeardownFailed:
            return ExitCode::TeardownFailed;
    }
    return ExitCode::InternalError;
}

/// Of those that send to another program, always; of the others where something was lost.
void tell_deliveries(const RunOutcome& outcome) {
    for (const auto& [name, counts] : outcome.deliveries) {
        const bool lossless = counts.rejected == 0 && counts.dropped == 0;
        if (lossless && !counts.sent_away) {
            continue;
        }
        say("{:<9} {} {} sent, {} retried, {} rejected, {} dropped{}\n", name, counts.sent,
            counts.unit, counts.retried, counts.rejected, counts.dropped,
            counts.last_error.empty() ? "" : ": " + counts.last_error);
    }
}

const char* early_text(StopKind kind) {
    switch (kind) {
        case StopKind::Interrupted:
            return "it was interrupted";
        case StopKind::Control:
            return "it was stopped at its page";
        case StopKind::Threshold:
            return "a threshold of its own failed";
        case StopKind::AbortRun:
            return "a step with on_fail: abort_run failed";
        case StopKind::Owner:
            return "its owner stopped it";
        case StopKind::OutOfMemory:
            return "it had no memory left";
    }
    return "it was stopped";
}

/// What the gather has not taken yet, and what it never took.
void send_rest(const SessionOptions& options, const RunOutcome& outcome, StopQueue& stops) {
    if (options.sender == nullptr) {
        return;
    }
    const Delivery delivery =
        options.sender->finish(outcome.stopped ? early_text(*outcome.stopped) : "", stops);
    if (delivery.complete) {
        return;
    }
    if (delivery.ticks_left > 0) {
        say(stderr,
            "plimsoll: the gather did not take the {} ticks from {:.0f} s to {:.0f} s: {}\n",
            delivery.ticks_left, delivery.from_s, delivery.to_s, delivery.why);
    } else {
        say(stderr, "plimsoll: the gather did not take the end of this segment: {}\n",
            delivery.why);
    }
    say(stderr,
        "plimsoll: `plimsoll merge` of all segments' run folders has everything; this one's is "
        "{}\n",
        outcome.folder.string());
}

void stay(Run& run, const SessionOptions& options) {
    if (!options.keep_text) {
        run.linger(options.linger);
        return;
    }
    say("\n{}", *options.keep_text);
    if (const std::string metrics = run.endpoint(); !metrics.empty()) {
        say("metrics   {}\n", metrics);
    }
    run.keep();
}

/// Null: none is asked for. Error: the port is taken.
Result<std::unique_ptr<LivePage>> open_page(SessionOptions& options) {
    std::unique_ptr<LivePage> page;
    if (options.page != nullptr) {
        page = std::make_unique<LivePage>(*options.page, options.find);
    } else if (options.ui) {
        auto opened = LivePage::open(*options.ui, PageMode::Run, options.find);
        if (!opened) {
            return opened;
        }
        page = *std::move(opened);
        // Also with --quiet: nobody could know the token otherwise.
        say("page      {}\n", page->url());
    }
    if (page) {
        page->attach(options);
    }
    return page;
}

}  // namespace

SessionResult run_session(const Scenario& scenario, SessionOptions options, StopRequest& stop) {
    options.version = version();
    auto page = open_page(options);
    if (!page) {
        complain(page.error());
        return {ExitCode::PortInUse, {}};
    }
    StopQueue stops;
    TerminalListener listener(options, page->get(), stops);
    Run run(scenario, options, stops, listener);
    const SignalForwarder signals(stop, stops);
    const RunOutcome outcome = run.execute();
    send_rest(options, outcome, stops);
    ExitCode code = exit_code_of(outcome);
    if (outcome.folder.empty()) {
        if (*page) {
            (*page)->fail();
        }
        return {code, {}};
    }
    if (!outcome.analysis) {
        code = ExitCode::InternalError;
    } else {
        code = report_run(outcome.folder, *outcome.reader, *outcome.analysis, options, code);
    }
    if (options.view != ViewMode::Off) {
        tell_deliveries(outcome);
    }
    if (outcome.failed_writes > 0 &&
        (code == ExitCode::Passed || code == ExitCode::MeasurementInvalid)) {
        code = ExitCode::InternalError;  // nobody knows whether it passed
    }
    if (*page) {
        (*page)->end(to_int(code), outcome.folder, outcome.analysis ? &*outcome.analysis : nullptr);
    }
    stay(run, options);
    if (*page && options.ui) {
        (*page)->let_read();
    }
    return {code, outcome.folder};
}

}  // namespace plimsoll
