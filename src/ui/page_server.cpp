#include "ui/page_server.hpp"

#include "net/url_text.hpp"
#include "report/json_text.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include <boost/json/object.hpp>

namespace plimsoll {
namespace {

constexpr std::size_t kLongestBody = std::size_t{64} << 10U;

}  // namespace

PageServer::PageServer(PageServerOptions options)
    : options_(std::move(options)), access_(Access::make()) {
    if (options_.mode == PageMode::Start) {
        past_runs_.emplace(options_.results);
    }
    slow_.emplace([this] {
        const std::lock_guard lock(feed_.mutex());
        feed_.ping();
    });
}

Result<std::unique_ptr<PageServer>> PageServer::start(PageServerOptions options) {
    std::unique_ptr<PageServer> page(new PageServer(std::move(options)));
    HttpServerOptions listen = own_port_options(page->options_.address, page->options_.port);
    listen.max_connections = kMostConnections;
    listen.max_body_bytes = kLongestBody;
    listen.niceness = kBehindTheLoad;
    auto server =
        HttpServer::start(listen, [of = page.get()](HttpRequest request, Responder responder) {
            of->handle(request, std::move(responder));
        });
    if (!server) {
        return server.error();
    }
    page->server_.emplace(*std::move(server));
    return page;
}

PageServer::~PageServer() {
    {
        const std::lock_guard lock(feed_.mutex());
        feed_.end();
    }
    if (server_) {
        server_->stop();
    }
    slow_.reset();
}

std::string PageServer::url() const {
    return server_->url() + "/#token=" + access_.token();
}

std::shared_ptr<LiveRun> PageServer::new_run(LiveRunOptions options) {
    auto run = std::make_shared<LiveRun>(feed_, options);
    const std::shared_ptr<LiveRun> before = show(run);
    return run;
}

void PageServer::set_steering(std::optional<Steering> steering) {
    const std::lock_guard lock(steering_mutex_);
    steering_ = std::move(steering);
}

std::string PageServer::add_report(const std::filesystem::path& folder) {
    const std::string name = folder.filename().string();
    const std::lock_guard lock(mutex_);
    reports_[name] = folder;
    return "/runs/" + percent_encoded(name) + "/report.html";
}

void PageServer::tell_failure(const Error& error) {
    const boost::json::object message{
        {"error",
         boost::json::object{{"what", error.what}, {"where", error.where}, {"hint", error.hint}}}};
    const std::shared_ptr<LiveRun> before = show(nullptr);
    const std::lock_guard lock(feed_.mutex());
    feed_.publish("failed", report::script_json(message));
    feed_.publish("idle", "{}");
}

void PageServer::forget_run() {
    const std::shared_ptr<LiveRun> before = show(nullptr);
}

/// Gives back the one before: a run ends without the feed's mutex, which its threads may wait for.
std::shared_ptr<LiveRun> PageServer::show(std::shared_ptr<LiveRun> run) {
    const std::lock_guard lock(feed_.mutex());
    return std::exchange(live_, std::move(run));
}

void PageServer::expect_readers() {
    std::size_t viewers = 0;
    {
        const std::lock_guard lock(feed_.mutex());
        viewers = feed_.viewers();
    }
    const std::lock_guard lock(mutex_);
    readers_expected_ = reports_sent_.size() + viewers;
}

void PageServer::wait_for_readers(Nanoseconds most) {
    constexpr std::chrono::milliseconds kLook{20};
    const auto until = Clock::now() + most;
    const auto all_have_it = [this] {
        const std::lock_guard lock(mutex_);
        return reports_sent_.size() >= readers_expected_ &&
               std::none_of(reports_sent_.begin(), reports_sent_.end(),
                            [](const HttpStream& each) { return each.open(); });
    };
    while (!all_have_it() && Clock::now() < until) {
        std::this_thread::sleep_for(kLook);
    }
}

}  // namespace plimsoll
