#include "engine/transport/name_lookup.hpp"

#include <csignal>
#include <pthread.h>
#include <system_error>
#include <thread>

namespace plimsoll {

NameLookup::NameLookup(Post post) : shared_(std::make_shared<Shared>()) {
    shared_->post = std::move(post);
}

NameLookup::~NameLookup() {
    const std::lock_guard lock(shared_->mutex);
    shared_->post = nullptr;
}

void NameLookup::start(const TargetUrl& url, std::function<void(Answer)> done) {
    const auto answer = [shared = shared_, done = std::move(done)](Answer found) {
        const std::lock_guard lock(shared->mutex);
        if (shared->post) {
            shared->post([done, found = std::move(found)] { done(found); });
        }
    };
    try {
        std::thread([answer, url] { answer(resolve(url)); }).detach();
    } catch (const std::system_error&) {
        answer(Error{"no thread could be started to look the name up", url.host, {}});
    }
}

}  // namespace plimsoll
