// Carries requests out: from a user's order, over a connection, to what became of it.
#pragma once

#include "engine/http1/prepared_request.hpp"
#include "engine/recording/recorder.hpp"
#include "engine/requests/client.hpp"
#include "engine/requests/exchange.hpp"
#include "engine/transport/connector.hpp"
#include "engine/transport/event_loop.hpp"
#include "engine/transport/name_lookup.hpp"
#include "engine/transport/origin.hpp"
#include "engine/transport/timer_wheel.hpp"
#include "engine/users/users.hpp"
#include "scenario/response.hpp"
#include "scenario/scenario.hpp"

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// What the requests of all shards read and none writes.
struct RequestsPlan {
    std::vector<SocketAddress> addresses;  // of the target
    ConnectorPlan connect;
    std::vector<std::vector<PreparedRequest>> prepared;  // by user class, by step
};

/// All exchanges of one shard. What ends within a call is told to `Users`, which may have new
/// orders then: whoever calls carries them out.
/// Threading: one shard's.
class Requests {
public:
    /// All must outlive it; `post` is NameLookup's.
    Requests(const RequestsPlan& plan, const UsersPlan& users_plan, EventLoop& loop, Users& users,
             Recorder& recorder, NameLookup::Post post);
    ~Requests();
    Requests(const Requests&) = delete;
    Requests& operator=(const Requests&) = delete;

    void carry_out(const Order& order);
    /// The kernel has something to say of a connection.
    void on_event(Connection& connection, std::uint32_t events);
    /// There is more to read or to decode, and it is not waited for: call `go_on` soon.
    [[nodiscard]] bool has_more() const noexcept {
        return !unfinished_.empty() || !decoding_.empty();
    }
    void go_on();
    /// Ends what has taken too long.
    void on_heartbeat(Clock::time_point now);
    void close_all();

private:
    // sending.cpp: a request's bytes out
    void send(const Order& order);
    /// Sends `request`, due at `due`, on an idle exchange. False: a variable in it has no value
    /// (Users::missing names it), and nothing happened.
    [[nodiscard]] bool send_request(Exchange& exchange, const PreparedRequest& request,
                                    Clock::time_point due);
    [[nodiscard]] Result<std::string_view> render(Exchange& exchange, const Origin& origin,
                                                  Random& random);
    void start_hop(Exchange& exchange, Origin& origin, std::string_view bytes);
    void begin_write(Exchange& exchange);
    void write_some(Exchange& exchange);
    [[nodiscard]] std::ptrdiff_t write_once(Exchange& exchange);
    [[nodiscard]] std::ptrdiff_t write_file(Exchange& exchange);
    void on_written(Exchange& exchange);
    void on_write_failed(Exchange& exchange, int error);
    /// `unseen`: the server cannot have seen any of the request. False when it must not be retried.
    [[nodiscard]] bool retry_on_new_connection(Exchange& exchange, bool unseen);

    // opening.cpp: a connection for it
    /// An idle exchange of the user for `request`: one that is connected to where it goes, if there
    /// is one.
    [[nodiscard]] Exchange& exchange_for(Client& client, const PreparedRequest& request);
    /// Any idle exchange of the user.
    [[nodiscard]] static Exchange& idle_exchange(Client& client);
    [[nodiscard]] Origin& origin_for(const TargetUrl& url);
    [[nodiscard]] Origin& add_origin(const TargetUrl& url);
    void open_connection(Exchange& exchange);
    void look_up(Origin& origin);
    void on_looked_up(Origin& origin, NameLookup::Answer answer);
    void begin_connect(Exchange& exchange);
    void go_on_opening(Exchange& exchange, const Opening& opening);
    void on_connected(Exchange& exchange);
    void continue_handshake(Exchange& exchange);
    void close(Exchange& exchange) { connector_.close(*exchange.connection); }
    void close(Client& client) {
        client.for_each_exchange([this](Exchange& exchange) { close(exchange); });
    }

    // receiving.cpp: a response's bytes in
    void on_idle_event(Connection& connection, std::uint32_t events);
    void read_some(Exchange& exchange);
    /// Others, and the timers, first.
    void read_on_later(Exchange& exchange);
    void on_bytes(Exchange& exchange, std::string_view bytes);
    void on_end(Exchange& exchange, int error);
    void complete(Exchange& exchange);
    /// The response, whose first byte came at `first`, began before the request was out.
    void answered_early(Exchange& exchange, Clock::time_point first);
    /// True where the body is an encoded one; then the request ends with decode_some, now or later.
    bool begin_decoding(Exchange& exchange, Clock::time_point now);
    /// False where there is more to do.
    bool decode_some(Exchange& exchange);

    // ending.cpp: what it came to
    /// Ends a request whose response is whole, by its status.
    void judge_status(Exchange& exchange, Clock::time_point now);
    void fail(Exchange& exchange, Outcome outcome, std::string_view why);
    void set_deadline(Exchange& exchange, Clock::time_point at);
    void on_timeout(Exchange& exchange);
    /// Once per send_request, also from within it (then `exchange.starting` is set). The exchange
    /// is idle again.
    void finish_request(Exchange& exchange, Outcome outcome, Clock::time_point now,
                        std::string_view text);
    /// What captures and checks may read of a finished exchange; valid until its next send_request.
    [[nodiscard]] static ResponseView response_of(const Exchange& exchange, Clock::time_point now);
    void cut_off(User& user);
    /// The run, or its user's part in it, is cut short: what is under way ends as CutOff.
    void abandon(Exchange& exchange, Clock::time_point now);
    void record_cut_off(const Exchange& exchange, Clock::time_point now);

    // redirect.cpp: steps and responses that lead elsewhere, and cookies
    /// The origin of a step whose path is a whole URL. Sets the exchange's aim.
    [[nodiscard]] Result<Origin*> aim_at_url(Exchange& exchange);
    /// False when the response is to be taken as it is.
    [[nodiscard]] bool follow_redirect(Exchange& exchange, Clock::time_point now);
    /// Path and query of the hop under way.
    [[nodiscard]] std::string target_of(const Exchange& exchange);
    void take_cookies(Exchange& exchange, const KeptResponse& kept);

    // trace.cpp
    void begin_notes(Exchange& exchange);
    /// Valid until the next call.
    [[nodiscard]] std::string_view trace_header(const Exchange& exchange);
    /// Notes the phases of the hop that ends `now`, or that is given up in `exchange.phase`.
    static void trace_phases(const Exchange& exchange, Clock::time_point now);
    /// The request into its iteration's trace; outside the sample it may be kept alone.
    void trace_request(User& user, const Exchange& exchange, const Sample& sample);
    static void fill_span(RequestSpan& span, const Exchange& exchange, const Sample& sample);
    static void fill_alone(IterationTrace& trace, const User& user, const Exchange& exchange,
                           const Sample& sample);

    const RequestsPlan& plan_;
    const UsersPlan& users_plan_;
    const Scenario& scenario_;
    Users& users_;
    Recorder& recorder_;
    Connector connector_;
    NameLookup lookup_;
    TimerWheel<Exchange> wheel_;
    std::deque<Origin> origins_;  // the target first
    std::deque<Client> clients_;
    std::string scratch_;
    std::array<char, 72> trace_header_{};
    std::vector<Exchange*> unfinished_;  // have more to read than one turn allows
    std::deque<Exchange*> decoding_;     // have more to decode; the first one's turn is next
    std::array<char, 64 * 1024> receive_buffer_;
};

}  // namespace plimsoll
