// Where the segments of a run send what they measure.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/http_server.hpp"
#include "run/load_source.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace plimsoll {

struct GatherOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    std::string token;  // a secret; empty: none, on loopback alone
    std::uint32_t segments = 1;
    /// How long a tick waits, after its end, for a segment that has not sent it.
    Nanoseconds late = std::chrono::seconds(5);
    /// After so long without a word a segment is lost.
    Nanoseconds lost = std::chrono::seconds(15);
    Nanoseconds barrier_wait = std::chrono::minutes(10);
    bool partial = false;  // begin without those that did not come in that time
    bool resume = false;   // the run that the folder holds
};

/// Requests that wait for whoever answers them, one at a time. Threading: any.
class GatherDesk {
public:
    struct Job {
        HttpRequest request;
        Responder responder;
    };
    void put(Job job);
    /// Waits for one until `deadline`, or until `wake`.
    [[nodiscard]] std::optional<Job> take(Clock::time_point deadline);
    void wake();

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> jobs_;
    std::size_t bytes_ = 0;
    bool woken_ = false;
};

class GatherServer {
public:
    /// Listens; segments may come from now on, and wait. Error: the port is taken, or it would be
    /// open to others without a token.
    [[nodiscard]] static Result<std::unique_ptr<GatherServer>> start(GatherOptions options);
    ~GatherServer();
    GatherServer(const GatherServer&) = delete;
    GatherServer& operator=(const GatherServer&) = delete;

    [[nodiscard]] std::string url() const { return server_->url(); }
    /// The load that the segments make together; see RunOptions::make_load. Once. The server
    /// outlives it.
    [[nodiscard]] std::unique_ptr<LoadSource> make_load(const LoadContext& context);

private:
    explicit GatherServer(GatherOptions options) : options_(std::move(options)) {}
    void answer(HttpRequest request, Responder responder);
    [[nodiscard]] bool may_enter(const HttpRequest& request) const;

    GatherOptions options_;
    GatherDesk desk_;
    std::optional<HttpServer> server_;
};

}  // namespace plimsoll
