#include "probes/container/runtime_watch.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

namespace plimsoll {

RuntimeWatch::RuntimeWatch(std::unique_ptr<ContainerRuntime> runtime)
    : runtime_(std::move(runtime)), view_(std::make_shared<RuntimeView>()) {}

RuntimeWatch::~RuntimeWatch() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

Status RuntimeWatch::start(Clock::time_point deadline) {
    auto view = std::make_shared<RuntimeView>(look(deadline));
    const std::optional<Error> error = view->error;
    {
        const std::lock_guard lock(mutex_);
        view_ = std::move(view);
    }
    thread_ = std::thread([this] { work(); });
    return error ? Status(*error) : Status();
}

std::shared_ptr<const RuntimeView> RuntimeWatch::latest() const {
    const std::lock_guard lock(mutex_);
    return view_;
}

void RuntimeWatch::want_stats(const std::string& id) {
    const std::lock_guard lock(mutex_);
    with_stats_.insert(id);
}

void RuntimeWatch::work() {
    std::unique_lock lock(mutex_);
    // Until it has answered once, it is asked again at once: the probe has nothing to say before.
    const auto period = [this] {
        return view_->at == Clock::time_point() ? std::min(runtime_->period(), kFirstPeriod)
                                                : runtime_->period();
    };
    while (!wake_.wait_for(lock, period(), [this] { return stopping_; })) {
        lock.unlock();
        RuntimeView next = look(Clock::now() + kCallLimit);
        lock.lock();
        tell(next);
        if (next.error) {  // the last good answer stays, with its age
            next.containers = view_->containers;
            next.at = view_->at;
        }
        view_ = std::make_shared<RuntimeView>(std::move(next));
    }
}

/// While cgroups are read, the probe itself has no gap to tell of.
void RuntimeWatch::tell(const RuntimeView& next) const {
    if (next.error && !view_->error && !view_->containers.empty()) {
        spdlog::warn("containers are no longer known: restarts and ends are not seen reason=\"{}\"",
                     next.error->to_string());
    } else if (!next.error && view_->error && !view_->containers.empty()) {
        spdlog::info("containers are known again");
    }
}

Status RuntimeWatch::find_containers(Clock::time_point deadline) {
    auto found = runtime_->find(deadline);
    if (found) {
        found_ = std::move(*found);
        return {};
    }
    // Nothing of that name runs now. Those that ran are still worth asking for: how did they end?
    found_.clear();
    none_ = found.error();
    return ran_.empty() ? Status(found.error()) : Status();
}

void RuntimeWatch::add_stats(WatchedContainer& container, Clock::time_point deadline) {
    if (auto stats = runtime_->stats(container.info.id, deadline)) {
        container.stats = *stats;
        container.stats_at = Clock::now();
    }
}

RuntimeView RuntimeWatch::look(Clock::time_point deadline) {
    RuntimeView view;
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
        auto info = runtime_->inspect(id, deadline);
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
        }
        if (container.info.running && with_stats.contains(id)) {
            add_stats(container, deadline);
        }
        view.containers.push_back(std::move(container));
    }
    view.at = Clock::now();
    if (view.containers.empty()) {
        view.error = none_;
    }
    return view;
}

}  // namespace plimsoll
