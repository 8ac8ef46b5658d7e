// Host names looked up beside the load, never on a shard's thread.
#pragma once

#include "base/result.hpp"
#include "engine/transport/address.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace plimsoll {

/// One shard's look-ups. getaddrinfo cannot be interrupted, so each runs on a thread that nobody
/// waits for; its answer is dropped when this object is gone by then.
class NameLookup {
public:
    using Answer = Result<std::vector<SocketAddress>>;
    /// `post` runs a function on the shard's thread; called from any thread, only while this object
    /// lives.
    using Post = std::function<void(std::function<void()>)>;
    explicit NameLookup(Post post);
    /// Waits for no look-up.
    ~NameLookup();
    NameLookup(const NameLookup&) = delete;
    NameLookup& operator=(const NameLookup&) = delete;

    /// Calls `done` on the shard's thread, later.
    void start(const TargetUrl& url, std::function<void(Answer)> done);

private:
    struct Shared {
        std::mutex mutex;
        Post post;  // empty when the owner is gone
    };
    std::shared_ptr<Shared> shared_;
};

}  // namespace plimsoll
