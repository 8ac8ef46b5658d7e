#include "gather/gather_server.hpp"

#include "base/constant_time.hpp"
#include "gather/gather_wire.hpp"
#include "gather/gathered_load.hpp"
#include "net/bearer.hpp"
#include "net/loopback.hpp"

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// What waits to be kept and merged, at most: with more, segments are asked to try again later.
constexpr std::size_t kMostWaiting_bytes = 128U << 20U;
constexpr std::size_t kMostWaiting = 4096;

HttpResponse refusal(int status, std::string_view sentence) {
    return make_response(status, "application/json", error_json(sentence) + '\n');
}

}  // namespace

void GatherDesk::put(Job job) {
    {
        const std::lock_guard lock(mutex_);
        if (jobs_.size() < kMostWaiting && bytes_ + job.request.body.size() <= kMostWaiting_bytes) {
            bytes_ += job.request.body.size();
            jobs_.push_back(std::move(job));
        }
    }
    if (job.responder.pending()) {
        HttpResponse later = refusal(503, "too much waits to be merged; send it again");
        later.headers.push_back({"Retry-After", "1"});
        job.responder.send(std::move(later));
    }
    changed_.notify_all();
}

std::optional<GatherDesk::Job> GatherDesk::take(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [this] { return woken_ || !jobs_.empty(); });
    woken_ = false;
    if (jobs_.empty()) {
        return std::nullopt;
    }
    std::optional<Job> job(std::move(jobs_.front()));
    jobs_.pop_front();
    bytes_ -= job->request.body.size();
    return job;
}

void GatherDesk::wake() {
    {
        const std::lock_guard lock(mutex_);
        woken_ = true;
    }
    changed_.notify_all();
}

Result<std::unique_ptr<GatherServer>> GatherServer::start(GatherOptions options) {
    if (options.token.empty() && !is_loopback(options.address)) {
        return Error{"needs a token where others than this machine can reach it",
                     fmt::format("{}:{}", options.address, options.port),
                     "--token-file FILE, or PLIMSOLL_GATHER_TOKEN; or listen on 127.0.0.1"};
    }
    std::unique_ptr<GatherServer> gather(new GatherServer(std::move(options)));
    HttpServerOptions http;
    http.address = gather->options_.address;
    http.port = gather->options_.port;
    http.max_body_bytes = kMostBody_bytes;
    // Each has one; a few more, for those that are refused and those that open another.
    http.max_connections = std::size_t{gather->options_.segments} * 2 + 32;
    // With a token, no page of a browser has it, and segments come by names that we cannot know.
    http.check_host = gather->options_.token.empty();
    auto server =
        HttpServer::start(http, [here = gather.get()](HttpRequest request, Responder responder) {
            here->answer(std::move(request), std::move(responder));
        });
    if (!server) {
        return server.error();
    }
    gather->server_.emplace(*std::move(server));
    return gather;
}

GatherServer::~GatherServer() {
    if (server_) {
        server_->stop();
    }
}

bool GatherServer::may_enter(const HttpRequest& request) const {
    if (options_.token.empty()) {
        return true;
    }
    const auto given = bearer_token(request.headers);
    return given && equal_in_constant_time(*given, options_.token);
}

/// On the server's thread: only the clock is answered here, as every delay would falsify it.
void GatherServer::answer(HttpRequest request, Responder responder) {
    if (!may_enter(request)) {
        responder.send(refusal(401, "the token is not this gather's"));
    } else if (find_header(request.headers, "Origin") != nullptr) {
        responder.send(refusal(403, "requests of web pages are not taken"));
    } else if (request.path() == kClockPath && request.method == "GET") {
        const auto now =
            std::chrono::duration_cast<Nanoseconds>(WallClock::now().time_since_epoch());
        responder.send(make_response(200, "text/plain", std::to_string(now.count())));
    } else if (request.method == "POST" &&
               (request.path() == kHelloPath || request.path() == kRowsPath)) {
        desk_.put({std::move(request), std::move(responder)});
    } else {
        responder.send(refusal(404, "there are /v1/hello, /v1/clock and /v1/rows"));
    }
}

std::unique_ptr<LoadSource> GatherServer::make_load(const LoadContext& context) {
    return std::make_unique<GatheredLoad>(context, options_, desk_, server_->url());
}

}  // namespace plimsoll
