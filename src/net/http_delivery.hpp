// Requests that must arrive, sent one after the other by a thread of their own.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/http_access.hpp"
#include "net/http_message.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace plimsoll {

/// Sends one request before `deadline`. Error: no whole reply came (refused, timed out, broken
/// off).
using HttpTransport =
    std::function<Result<HttpResponse>(const HttpRequest&, Clock::time_point deadline)>;
/// Over one kept connection. Error: a certificate or key cannot be read.
[[nodiscard]] Result<HttpTransport> http_transport(const HttpAccess& access);

/// What a reply means.
struct DeliveryAnswer {
    enum class Kind {
        Taken,    // all but `rejected` items
        Again,    // the same at once, in another form: the parcel makes its request anew
        Later,    // the same after a wait
        Refused,  // it would be refused again
    };
    Kind kind = Kind::Taken;
    std::uint64_t rejected = 0;
    std::string why = {};  // for people, where not all was taken
};
using DeliveryJudge = std::function<DeliveryAnswer(const HttpResponse&)>;
/// 2xx is taken; 429 and 5xx may be tried again; every other status would be refused again.
[[nodiscard]] DeliveryAnswer judge_by_status(const HttpResponse& reply);

struct Parcel {
    /// The request, with all headers but the access's own. Called on the sender's thread, once for
    /// each try.
    std::function<HttpRequest()> make;
    std::uint64_t items = 1;  // samples, points ...
};

struct HttpDeliveryOptions {
    std::string what = "items";  // plural, for the log
    HttpAccess access;
    Nanoseconds timeout = std::chrono::seconds(10);  // of one request
    Nanoseconds first_wait = std::chrono::seconds(1);
    Nanoseconds give_up_after = std::chrono::seconds(60);  // from a parcel's first try
    std::uint64_t most_items = 1'000'000;                  // that wait
    /// Where there is no room: the oldest go (counters are sums, so the newest say most), or
    /// `push` waits, which only a caller may ask for whom nothing else waits; then what is given up
    /// ends it all.
    bool wait_for_room = false;
};

/// Every item that was pushed is in exactly one of sent, rejected, dropped and waiting.
struct DeliveryCounts {
    std::uint64_t sent = 0;
    std::uint64_t retried = 0;   // requests that were sent again
    std::uint64_t rejected = 0;  // by the other side, for good
    std::uint64_t dropped = 0;   // no room, no answer, no time left
    std::uint64_t waiting = 0;
    std::string last_error;  // for people; empty when all went well
};

/// Sends parcels in order, one at a time, and tries again what was not answered or may be taken
/// later: after what Retry-After asks, or a growing wait. Those behind wait meanwhile, up to
/// `most_items`.
///
/// Threading: the calls from any thread. `push` never waits for the network unless asked to.
class HttpDelivery {
public:
    HttpDelivery(HttpDeliveryOptions options, HttpTransport transport, DeliveryJudge judge);
    /// Without patience where `finish` was not called.
    ~HttpDelivery();
    HttpDelivery(const HttpDelivery&) = delete;
    HttpDelivery& operator=(const HttpDelivery&) = delete;

    /// After `finish`: dropped.
    void push(Parcel parcel);
    /// The same request on each try.
    void push(HttpRequest request, std::uint64_t items);
    /// Sends what waits; at `deadline` the rest is dropped. A request that is under way then is
    /// left to itself, so that the end never hangs on it.
    void finish(Clock::time_point deadline);
    [[nodiscard]] DeliveryCounts counts() const;

private:
    struct State;  // shared with the thread, which may outlive this object
    std::shared_ptr<State> state_;
};

}  // namespace plimsoll
