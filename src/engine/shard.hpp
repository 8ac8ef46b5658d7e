// One thread of the engine: its own users, connections, timers, randomness and recorder.
#pragma once

#include "engine/address.hpp"
#include "engine/client.hpp"
#include "engine/engine.hpp"
#include "engine/event_loop.hpp"
#include "engine/name_lookup.hpp"
#include "engine/origin.hpp"
#include "engine/prepared_request.hpp"
#include "engine/recording/recorder.hpp"
#include "engine/timer_wheel.hpp"
#include "engine/users/users.hpp"
#include "engine/wake_lead.hpp"
#include "scenario/scenario.hpp"

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace plimsoll {

/// What all shards read and none writes.
struct ShardPlan {
    UsersPlan users;
    std::vector<SocketAddress> addresses;                // of the target
    std::vector<SocketAddress> locals;                   // to send from; empty: the system's choice
    std::shared_ptr<const TlsContext> tls;               // set where the target is https
    std::vector<std::vector<PreparedRequest>> requests;  // by user class, by step
    std::uint64_t sockets_below = UINT64_MAX;  // a socket's number: from it on they are others'
};

/// Runs shard `id` of `run->shards` of the run's segment: its LoadShare of arrivals, users and
/// iterations.
/// Threading: construct anywhere, `run` on the shard's own thread; `stop_gracefully`, `abort` and
/// `set_level` from any.
class Shard {
public:
    Shard(const ShardPlan& plan, std::uint32_t id, IntervalSink sink);
    ~Shard();

    void run();
    void stop_gracefully();
    void abort();
    /// From `at` on (an offset from the executor's begin) an externally controlled executor asks
    /// for `level` over the whole run.
    void set_level(std::uint32_t executor, Nanoseconds at, double level);
    /// See Engine::polled; once `run` has returned.
    [[nodiscard]] Nanoseconds polled() const {
        return recorder_ ? recorder_->polled() : Nanoseconds();
    }

private:
    /// Has the shard's thread do `work`, unless the shard is done by then.
    void post(std::function<void()> work);
    void on_pace();
    /// What the users have ordered, one after the other, until there is nothing more.
    void carry_out();
    void carry_out(const Order& order);
    void send(const Order& order);
    /// When to stop sleeping; from then on the loop looks without waiting until something is due.
    [[nodiscard]] Clock::time_point wake_at() const;
    /// Of a wait in which nothing came.
    void learn_from_wait(Clock::time_point from, Clock::time_point until, Clock::time_point woke);
    void heartbeat();
    void finish(Clock::time_point now);

    // trace.cpp
    void begin_notes(Exchange& exchange);
    /// The request into its iteration's trace; outside the sample it may be kept alone.
    void trace_request(User& user, const Exchange& exchange, const Sample& sample);
    static void fill_span(RequestSpan& span, const Exchange& exchange, const Sample& sample);
    static void fill_alone(IterationTrace& trace, const User& user, const Exchange& exchange,
                           const Sample& sample);
    /// Notes the phases of the hop that ends `now`, or that is given up in `exchange.phase`.
    static void trace_phases(const Exchange& exchange, Clock::time_point now);
    /// Valid until the next call.
    [[nodiscard]] std::string_view trace_header(const Exchange& exchange);

    // http1.cpp: one request and its response
    /// Sends `request`, due at `due`, on an idle exchange. False: a variable in it has no value
    /// (Users::missing names it), and nothing happened.
    [[nodiscard]] bool send_request(Exchange& exchange, const PreparedRequest& request,
                                    Clock::time_point due);
    [[nodiscard]] Result<std::string_view> render(Exchange& exchange, const Origin& origin,
                                                  Random& random);
    void start_hop(Exchange& exchange, Origin& origin, std::string_view bytes);
    void on_bytes(Exchange& exchange, std::string_view bytes);
    void on_end(Exchange& exchange, int error);
    void complete(Exchange& exchange);
    /// The response, whose first byte came at `first`, began before the request was out.
    void answered_early(Exchange& exchange, Clock::time_point first);
    /// True where the body is an encoded one; then the request ends with decode_some, now or later.
    bool begin_decoding(Exchange& exchange, Clock::time_point now);
    /// False where there is more to do.
    bool decode_some(Exchange& exchange);
    void decode_on();
    /// Ends a request whose response is whole, by its status.
    void judge_status(Exchange& exchange, Clock::time_point now);
    void finish_request(Exchange& exchange, Outcome outcome, Clock::time_point now,
                        std::string_view text);
    /// An exchange came to its end: once per send_request, also from within it (then
    /// `exchange.starting` is set). The exchange is idle again, and what it received stays readable
    /// until the next send_request.
    void on_exchange_done(User& user, Exchange& exchange, Outcome outcome, Clock::time_point now,
                          std::string_view text);
    /// `unseen`: the server cannot have seen any of the request. False when it must not be retried.
    [[nodiscard]] bool retry_on_new_connection(Exchange& exchange, bool unseen);
    /// What captures and checks may read of a finished exchange; valid until its next send_request.
    [[nodiscard]] static ResponseView response_of(const Exchange& exchange, Clock::time_point now);

    // redirect.cpp: steps and responses that lead elsewhere, and cookies
    /// The origin of a step whose path is a whole URL. Sets the exchange's aim.
    [[nodiscard]] Result<Origin*> aim_at_url(Exchange& exchange);
    /// False when the response is to be taken as it is.
    [[nodiscard]] bool follow_redirect(Exchange& exchange, Clock::time_point now);
    [[nodiscard]] Origin& origin_for(const TargetUrl& url);
    [[nodiscard]] Origin& add_origin(const TargetUrl& url);
    /// Path and query of the hop under way.
    [[nodiscard]] std::string target_of(const Exchange& exchange);
    void take_cookies(Exchange& exchange, const KeptResponse& kept);

    // connection.cpp: sockets and deadlines
    /// An idle exchange of the user for `request`: one that is connected to where it goes, if there
    /// is one.
    [[nodiscard]] Exchange& exchange_for(Client& client, const PreparedRequest& request);
    /// Any idle exchange of the user.
    [[nodiscard]] static Exchange& idle_exchange(Client& client);
    void open_connection(Exchange& exchange);
    void look_up(Origin& origin);
    void on_looked_up(Origin& origin, NameLookup::Answer answer);
    void begin_connect(Exchange& exchange);
    /// Goes on to the origin's next address, or fails where none is left and none is being tried.
    void try_next_address(Exchange& exchange, int last_error);
    /// 0, or an errno.
    [[nodiscard]] int start_attempt(Exchange& exchange, const SocketAddress& address);
    [[nodiscard]] int bind_and_connect(int socket, const SocketAddress& address);
    void on_connect_event(Exchange& exchange, std::uint32_t events);
    void pick_winner(Exchange& exchange);
    void on_connected(Exchange& exchange);
    void continue_handshake(Exchange& exchange);
    void begin_write(Exchange& exchange);
    void write_some(Exchange& exchange);
    [[nodiscard]] std::ptrdiff_t write_once(Exchange& exchange);
    [[nodiscard]] std::ptrdiff_t write_file(Exchange& exchange);
    void on_written(Exchange& exchange);
    void on_write_failed(Exchange& exchange, int error);
    void read_some(Exchange& exchange);
    /// Others, and the timers, first.
    void read_on_later(Exchange& exchange);
    void read_on();
    void fail(Exchange& exchange, Outcome outcome, std::string_view why);
    void set_deadline(Exchange& exchange, Clock::time_point at);
    void on_timeout(Exchange& exchange);
    /// The run, or its user's part in it, is cut short: what is under way ends as CutOff.
    void abandon(Exchange& exchange, Clock::time_point now);
    void record_cut_off(const Exchange& exchange, Clock::time_point now);
    void drop(int socket);
    void close_socket(Exchange& exchange);
    void close_sockets(Client& client) {
        client.for_each_exchange([this](Exchange& exchange) { close_socket(exchange); });
    }
    void on_event(Exchange& exchange, std::uint32_t events);
    void on_idle_event(Exchange& exchange, std::uint32_t events);

    const ShardPlan& plan_;
    const Scenario& scenario_;
    std::uint32_t id_;
    IntervalSink sink_;
    EventLoop loop_;
    Clock::time_point start_;
    NameLookup lookup_;
    std::deque<Origin> origins_;  // the target first
    std::shared_ptr<const TlsContext> tls_;
    std::size_t next_local_ = 0;
    TimerWheel<Exchange> wheel_;
    std::optional<Recorder> recorder_;
    std::optional<Users> users_;
    std::deque<Client> clients_;
    std::string scratch_;
    std::array<char, 72> trace_header_{};
    std::vector<Exchange*> unfinished_;  // have more to read than one turn allows
    std::deque<Exchange*> decoding_;     // have more to decode; the first one's turn is next
    std::array<char, 64 * 1024> receive_buffer_;
    Clock::time_point heartbeat_due_;
    WakeLead lead_;
    bool carrying_out_ = false;
    bool done_ = false;
};

}  // namespace plimsoll
