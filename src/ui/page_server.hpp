// The live page over HTTP: watch a run, steer it, read those that are over.
#pragma once

#include "base/result.hpp"
#include "net/http_server.hpp"
#include "run/control_server.hpp"
#include "ui/access.hpp"
#include "ui/feed.hpp"
#include "ui/live_run.hpp"
#include "ui/past_runs.hpp"
#include "ui/slow_work.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// What can be done to a run while it goes on. Called on the server's thread: must not block.
struct Steering {
    std::function<Status(const ControlRequest&)> apply;
    std::function<std::string()> status;  // JSON
};

enum class PageMode {
    Run,    // of a process that is one run
    Probe,  // probes alone
    Start,  // past runs, and the start of new ones
};

struct PageServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    PageMode mode = PageMode::Run;
    bool readonly = false;                 // nothing can be changed, whoever asks
    std::string version;                   // of the program
    std::filesystem::path results = {};    // Start: of runs
    std::filesystem::path scenarios = {};  // Start: of scenario files
    /// Start: begins a run of this file, which was found good. Error: not now.
    std::function<Status(const std::filesystem::path&)> start_run = {};
};

/// Everything but the page itself needs a key (access.hpp); every change needs the token, and none
/// comes from another site's page. docs/ui.md has the addresses.
///
/// What its clients can take is bounded: connections, viewers, bodies, and what waits for slow
/// ones. Its threads stand back behind the load.
///
/// Threading: any. Lifetime: runs that it shows end before it.
class PageServer {
public:
    static constexpr std::size_t kMostConnections = 64;

    /// Error: the port is taken, or the address is none.
    [[nodiscard]] static Result<std::unique_ptr<PageServer>> start(PageServerOptions options);
    ~PageServer();
    PageServer(const PageServer&) = delete;
    PageServer& operator=(const PageServer&) = delete;

    /// For people: with the token behind `#`, which no browser sends to anybody.
    [[nodiscard]] std::string url() const;
    [[nodiscard]] const Access& access() const { return access_; }
    [[nodiscard]] Feed& feed() { return feed_; }

    /// A run that is about to begin takes the place of the one before.
    [[nodiscard]] std::shared_ptr<LiveRun> new_run(LiveRunOptions options);
    /// Nothing: nobody steers. Once that has returned, no call is under way.
    void set_steering(std::optional<Steering> steering);
    /// Makes the report of the run in `folder` readable, whatever the mode. Its path here.
    std::string add_report(const std::filesystem::path& folder);
    /// The run did not come up: viewers hear why.
    void tell_failure(const Error& error);
    /// Whoever watches now is about to fetch a report.
    void expect_readers();
    /// Until they have it, at most for `most`.
    void wait_for_readers(Nanoseconds most);
    /// The run is shown no more to those who come from now on.
    void forget_run();

private:
    explicit PageServer(PageServerOptions options);
    std::shared_ptr<LiveRun> show(std::shared_ptr<LiveRun> run);

    // page_routes.cpp
    void handle(const HttpRequest& request, Responder responder);
    void read(const HttpRequest& request, Responder responder);
    void change(const HttpRequest& request, Responder responder);
    void open_live(const HttpRequest& request, Responder responder);
    [[nodiscard]] HttpResponse control(const HttpRequest& request);
    [[nodiscard]] HttpResponse start_run(const HttpRequest& request);
    [[nodiscard]] HttpResponse session() const;
    void send_report(const std::filesystem::path& folder, Responder responder);
    void serve_report(const HttpRequest& request, Responder responder);
    void serve_comparison(const HttpRequest& request, Responder responder);
    void hand_to_slow(Responder responder, std::function<void(Responder)> work);
    void later(Responder responder, std::function<HttpResponse()> answer);
    [[nodiscard]] Result<std::filesystem::path> run_folder(const std::string& name) const;

    const PageServerOptions options_;
    const Access access_;
    Feed feed_;
    std::shared_ptr<LiveRun> live_;  // by the feed's mutex
    mutable std::mutex mutex_;
    std::optional<Steering> steering_;  // by steering_mutex_
    std::mutex steering_mutex_;
    std::map<std::string, std::filesystem::path> reports_;  // by mutex_; folder name, path
    std::vector<HttpStream> reports_sent_;                  // by mutex_
    std::size_t readers_expected_ = 0;                      // by mutex_
    std::optional<PastRuns> past_runs_;                     // on the slow thread alone
    std::optional<SlowWork> slow_;
    std::optional<HttpServer> server_;  // last: its handler uses all of them
};

}  // namespace plimsoll
