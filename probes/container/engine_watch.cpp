#include "probes/container/engine_watch.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll {

EngineWatch::EngineWatch(EngineWatchOptions options)
    : options_(std::move(options)), view_(std::make_shared<EngineView>()) {}

EngineWatch::~EngineWatch() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

Status EngineWatch::start(Clock::time_point deadline) {
    auto view = std::make_shared<EngineView>(look(deadline));
    const std::optional<Error> error = view->error;
    {
        const std::lock_guard lock(mutex_);
        view_ = std::move(view);
    }
    thread_ = std::thread([this] { work(); });
    return error ? Status(*error) : Status();
}

std::shared_ptr<const EngineView> EngineWatch::latest() const {
    const std::lock_guard lock(mutex_);
    return view_;
}

void EngineWatch::want_stats(const std::string& id) {
    const std::lock_guard lock(mutex_);
    with_stats_.insert(id);
}

void EngineWatch::work() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, options_.period, [this] { return stopping_; })) {
        lock.unlock();
        EngineView next = look(Clock::now() + kCallLimit);
        lock.lock();
        if (next.error) {  // the last good answer stays, with its age
            next.containers = view_->containers;
            next.at = view_->at;
        }
        view_ = std::make_shared<EngineView>(std::move(next));
    }
}

Status EngineWatch::find_engine(Clock::time_point deadline) {
    const auto addresses = engine_addresses(options_.docker_host);
    if (!addresses) {
        return addresses.error();
    }
    Status last;
    for (const std::string& address : *addresses) {
        auto engine = ContainerEngine::create(address);
        if (!engine) {
            last = engine.error();
            continue;
        }
        auto found = engine->find(options_.choice, deadline);
        if (found) {
            found_ = std::move(*found);
            engine_.emplace(std::move(*engine));
            return {};
        }
        last = found.error();
    }
    return last;
}

Status EngineWatch::find_containers(Clock::time_point deadline) {
    if (!engine_) {
        return find_engine(deadline);
    }
    auto found = engine_->find(options_.choice, deadline);
    if (found) {
        found_ = std::move(*found);
        return {};
    }
    // Nothing of that name runs now. Those that ran are still worth asking for: how did they end?
    found_.clear();
    return ran_.empty() ? Status(found.error()) : Status();
}

EngineView EngineWatch::look(Clock::time_point deadline) {
    EngineView view;
    if (const Status found = find_containers(deadline); !found) {
        view.error = found.error();
        return view;
    }
    std::set<std::string> ids(found_.begin(), found_.end());
    ids.insert(ran_.begin(), ran_.end());
    std::set<std::string> with_stats;
    {
        const std::lock_guard lock(mutex_);
        with_stats = with_stats_;
    }
    for (const std::string& id : ids) {
        auto info = engine_->inspect(id, deadline);
        if (!info) {
            view.error = info.error();
            return view;
        }
        if (!*info) {
            ran_.erase(id);
            continue;
        }
        WatchedContainer container{std::move(**info), std::nullopt, {}};
        if (container.info.running) {
            ran_.insert(id);
            if (with_stats.contains(id)) {
                if (auto stats = engine_->stats(id, deadline)) {
                    container.stats = std::move(*stats);
                    container.stats_at = Clock::now();
                }
            }
        }
        view.containers.push_back(std::move(container));
    }
    view.at = Clock::now();
    return view;
}

}  // namespace plimsoll
