#include "net/http_server.hpp"

#include "net/host_check.hpp"
#include "net/inbox.hpp"
#include "net/request_reader.hpp"
#include "net/response_text.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <ctime>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace plimsoll {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using net::DateText;
using net::Framing;
using net::Inbox;
using net::RequestReader;

constexpr std::size_t kReadBlock = 4096;
constexpr std::size_t kDrainLimit = 1U << 20U;  // bytes of a refused request read and dropped
constexpr auto kDrainTime = std::chrono::seconds(2);

HttpResponse plain_error(int status, std::string_view text) {
    return make_response(status, "text/plain; charset=utf-8", std::string(text) + "\n");
}

HttpResponse refusal(RequestReader::Progress why) {
    switch (why) {
        case RequestReader::Progress::HeadersTooLarge:
            return plain_error(431, "the request headers are too large");
        case RequestReader::Progress::BodyTooLarge:
            return plain_error(413, "the request body is too large");
        default:
            return plain_error(400, "the request is not valid HTTP");
    }
}

class Loop;

/// One client connection. Everything here runs on the thread of its loop.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(Loop& loop, tcp::socket socket, std::uint64_t id);
    void begin();
    void answer(HttpResponse response);
    void check_time(Clock::time_point now);
    void close();
    /// Since when it waits for its client; nothing where the client waits for us.
    [[nodiscard]] std::optional<Clock::time_point> waits_since() const {
        const bool waits =
            phase_ == Phase::Idle || phase_ == Phase::Reading || phase_ == Phase::Draining;
        return waits ? std::optional(begun_) : std::nullopt;
    }

private:
    enum class Phase { Idle, Reading, Handling, Writing, Draining, Closed };

    void advance();
    bool parse();
    void handle();
    void refuse(HttpResponse response);
    void respond(const HttpResponse& response);
    bool write();
    void write_rest();
    void finish_response();
    void read();
    void on_read(error_code problem, std::size_t count);
    void drain();
    void compact();
    void enter(Phase phase);

    Loop& loop_;
    tcp::socket socket_;
    const std::uint64_t id_;
    Phase phase_ = Phase::Idle;
    Clock::time_point since_;  // when the phase began, or last made progress
    Clock::time_point begun_;  // when the connection came, or was last answered
    RequestReader reader_;
    std::string in_;  // received; [parsed_, filled_) is still to be parsed
    std::size_t parsed_ = 0;
    std::size_t filled_ = 0;
    std::string out_;
    std::size_t written_ = 0;
    std::size_t drained_ = 0;
    Framing framing_;
    bool in_handler_ = false;
    bool answered_ = false;
    bool refused_ = false;
};

/// One thread and the connections on it.
class Loop {
public:
    Loop(const HttpServerOptions& options, const HttpHandler& handler);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void start();
    void stop();
    void adopt(tcp::socket socket);
    void remove(std::uint64_t id);
    [[nodiscard]] std::string_view date() { return date_.at(std::time(nullptr)); }

    const HttpServerOptions& options;
    const HttpHandler& handler;
    const net::HostCheck hosts;
    asio::io_context io{1};
    std::shared_ptr<Inbox> inbox;
    std::atomic<std::size_t> open{0};

private:
    void deliver(Inbox::Answer answer);
    void tick();
    void make_room();
    asio::steady_timer timer_{io};
    std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections_;
    std::uint64_t next_id_ = 0;
    DateText date_;
    std::thread thread_;
};

// ---- Connection

Connection::Connection(Loop& loop, tcp::socket socket, std::uint64_t id)
    : loop_(loop),
      socket_(std::move(socket)),
      id_(id),
      since_(Clock::now()),
      begun_(since_),
      reader_(loop.options.max_header_bytes, loop.options.max_body_bytes) {}

void Connection::enter(Phase phase) {
    phase_ = phase;
    since_ = Clock::now();
}

void Connection::begin() {
    error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(tcp::no_delay(true), ignored);
    read();
}

/// Parses and handles what has been received until more input, an answer or room to write is
/// needed. A loop instead of recursion, so that a long pipeline cannot exhaust the stack.
void Connection::advance() {
    while (phase_ == Phase::Idle || phase_ == Phase::Reading) {
        if (!parse()) {
            return;
        }
        handle();
    }
}

/// True when a whole request is there. Otherwise a read, or a refusal, is under way.
bool Connection::parse() {
    if (parsed_ < filled_) {
        if (phase_ == Phase::Idle) {
            enter(Phase::Reading);
        }
        const auto progress = reader_.feed({in_.data() + parsed_, filled_ - parsed_}, parsed_);
        if (progress == RequestReader::Progress::Complete) {
            return true;
        }
        if (progress != RequestReader::Progress::NeedMore) {
            refuse(refusal(progress));
            return false;
        }
        if (reader_.take_expects_continue()) {
            error_code ignored;
            constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
            socket_.write_some(asio::buffer(kContinue), ignored);
        }
    }
    read();
    return false;
}

void Connection::handle() {
    HttpRequest request = reader_.take();
    framing_ = {.head = request.method == "HEAD",
                .keep_alive = reader_.keep_alive(),
                .http10 = reader_.is_http10()};
    reader_.begin_next();
    enter(Phase::Handling);
    answered_ = false;
    in_handler_ = true;
    const auto hosts = std::count_if(
        request.headers.begin(), request.headers.end(),
        [](const HttpHeader& header) { return equal_ignoring_case(header.name, "Host"); });
    if (hosts > 1) {  // RFC 9112, 3.2
        answer(plain_error(400, "the request has several Host headers"));
    } else if (loop_.hosts.accept(find_header(request.headers, "Host"))) {
        loop_.handler(std::move(request), Responder(loop_.inbox, id_));
    } else {
        answer(plain_error(421, net::HostCheck::kRefusal));
    }
    in_handler_ = false;
    if (answered_ && write()) {
        finish_response();
    }
}

void Connection::answer(HttpResponse response) {
    if (phase_ != Phase::Handling || answered_) {
        return;
    }
    answered_ = true;
    respond(response);
    if (in_handler_) {
        return;  // handle() goes on when the handler has returned
    }
    if (write()) {
        finish_response();
        advance();
    }
}

void Connection::respond(const HttpResponse& response) {
    out_.clear();
    written_ = 0;
    net::append_response(out_, response, framing_, loop_.date());
}

/// The request cannot be read to its end: answer, stop sending, and drop what still arrives for a
/// while, since closing with unread input would reset the connection and lose the answer.
void Connection::refuse(HttpResponse response) {
    refused_ = true;
    framing_ = {};
    respond(response);
    if (write()) {
        finish_response();
    }
}

/// True when all is written; false when the rest goes out later or the connection is gone.
bool Connection::write() {
    enter(Phase::Writing);
    while (written_ < out_.size()) {
        error_code problem;
        written_ += socket_.write_some(asio::buffer(out_.data() + written_, out_.size() - written_),
                                       problem);
        if (problem == asio::error::would_block) {
            write_rest();
            return false;
        }
        if (problem && problem != asio::error::interrupted) {
            close();
            return false;
        }
    }
    return true;
}

void Connection::write_rest() {
    socket_.async_write_some(asio::buffer(out_.data() + written_, out_.size() - written_),
                             [self = shared_from_this()](error_code problem, std::size_t count) {
                                 if (problem || self->phase_ != Phase::Writing) {
                                     self->close();
                                     return;
                                 }
                                 self->written_ += count;
                                 if (self->write()) {
                                     self->finish_response();
                                     self->advance();
                                 }
                             });
}

void Connection::finish_response() {
    constexpr std::size_t kKeep = 16384;
    if (out_.capacity() > kKeep) {
        out_ = std::string();  // one large answer must not hold its memory for hours
    }
    begun_ = Clock::now();
    if (refused_) {
        error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
        enter(Phase::Draining);
        drain();
    } else if (framing_.keep_alive) {
        enter(Phase::Idle);
    } else {
        error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_both, ignored);
        close();
    }
}

void Connection::drain() {
    in_.resize(kReadBlock);
    socket_.async_read_some(
        asio::buffer(in_), [self = shared_from_this()](error_code problem, std::size_t count) {
            self->drained_ += count;
            if (problem || self->drained_ > kDrainLimit || self->phase_ != Phase::Draining) {
                self->close();
            } else {
                self->drain();
            }
        });
}

void Connection::compact() {
    if (parsed_ == filled_) {
        parsed_ = filled_ = 0;
    } else if (parsed_ > 0) {
        std::memmove(in_.data(), in_.data() + parsed_, filled_ - parsed_);
        filled_ -= parsed_;
        parsed_ = 0;
    }
}

void Connection::read() {
    compact();
    if (in_.size() - filled_ < kReadBlock / 2) {
        in_.resize(std::max(kReadBlock, in_.size() * 2));
    }
    socket_.async_read_some(asio::buffer(in_.data() + filled_, in_.size() - filled_),
                            [self = shared_from_this()](error_code problem, std::size_t count) {
                                self->on_read(problem, count);
                            });
}

void Connection::on_read(error_code problem, std::size_t count) {
    if (problem || (phase_ != Phase::Idle && phase_ != Phase::Reading)) {
        if (phase_ == Phase::Idle || phase_ == Phase::Reading) {
            close();
        }
        return;
    }
    filled_ += count;
    advance();
}

void Connection::check_time(Clock::time_point now) {
    const Nanoseconds spent = now - since_;
    const HttpServerOptions& options = loop_.options;
    switch (phase_) {
        case Phase::Idle:
            if (spent > options.idle_timeout) {
                close();
            }
            break;
        case Phase::Reading:
            if (spent > options.request_timeout) {
                error_code ignored;
                socket_.cancel(ignored);
                refuse(plain_error(408, "the request did not arrive in time"));
            }
            break;
        case Phase::Writing:
            if (spent > options.write_timeout) {
                close();
            }
            break;
        case Phase::Draining:
            if (spent > kDrainTime) {
                close();
            }
            break;
        case Phase::Handling:
        case Phase::Closed:
            break;
    }
}

void Connection::close() {
    if (phase_ == Phase::Closed) {
        return;
    }
    phase_ = Phase::Closed;
    error_code ignored;
    socket_.close(ignored);
    loop_.remove(id_);
}

// ---- Loop

Loop::Loop(const HttpServerOptions& the_options, const HttpHandler& the_handler)
    : options(the_options),
      handler(the_handler),
      hosts(the_options.check_host,
            the_options.reached_at.empty() ? the_options.address : the_options.reached_at),
      inbox(std::make_shared<Inbox>([this](Inbox::Answer answer) { deliver(std::move(answer)); },
                                    [this] {
                                        asio::post(io, [this] {
                                            for (auto& answer : inbox->take()) {
                                                deliver(std::move(answer));
                                            }
                                        });
                                    })) {}

Loop::~Loop() {
    stop();
}

void Loop::start() {
    tick();
    thread_ = std::thread([this] {
        inbox->set_owner(std::this_thread::get_id());
        const auto guard = asio::make_work_guard(io);
        io.run();
        inbox->set_owner({});
    });
}

void Loop::stop() {
    io.stop();
    if (thread_.joinable()) {
        thread_.join();
    }
    inbox->close();
}

/// Each loop has its part of the connections that are allowed.
void Loop::make_room() {
    const auto threads = static_cast<std::size_t>(std::max(1, options.threads));
    if (options.max_connections == 0 ||
        connections_.size() < std::max<std::size_t>(1, options.max_connections / threads)) {
        return;
    }
    std::shared_ptr<Connection> longest;
    for (const auto& [id, connection] : connections_) {
        const auto since = connection->waits_since();
        if (since && (!longest || *since < *longest->waits_since())) {
            longest = connection;
        }
    }
    if (longest) {
        longest->close();
    }
}

void Loop::adopt(tcp::socket socket) {
    make_room();
    const std::uint64_t id = next_id_++;
    auto connection = std::make_shared<Connection>(*this, std::move(socket), id);
    connections_.emplace(id, connection);
    open.store(connections_.size(), std::memory_order_relaxed);
    connection->begin();
}

void Loop::remove(std::uint64_t id) {
    connections_.erase(id);
    open.store(connections_.size(), std::memory_order_relaxed);
}

void Loop::deliver(Inbox::Answer answer) {
    const auto found = connections_.find(answer.first);
    if (found != connections_.end()) {
        const auto connection = found->second;  // answering may close and remove it
        connection->answer(std::move(answer.second));
    }
}

void Loop::tick() {
    const Nanoseconds shortest =
        std::min({options.idle_timeout, options.request_timeout, options.write_timeout});
    timer_.expires_after(std::clamp<Nanoseconds>(shortest / 4, std::chrono::milliseconds(5),
                                                 std::chrono::seconds(1)));
    timer_.async_wait([this](error_code problem) {
        if (problem) {
            return;
        }
        const auto now = Clock::now();
        std::vector<std::shared_ptr<Connection>> all;
        all.reserve(connections_.size());
        for (const auto& entry : connections_) {
            all.push_back(entry.second);
        }
        for (const auto& connection : all) {
            connection->check_time(now);
        }
        tick();
    });
}

/// Accepts on the first loop's thread and deals the connections out to all loops in turn.
class Listener {
public:
    explicit Listener(std::vector<std::unique_ptr<Loop>>& loops)
        : loops_(loops), acceptor_(loops.front()->io), retry_(loops.front()->io) {}

    error_code open(const tcp::endpoint& endpoint, int backlog) {
        error_code problem;
        acceptor_.open(endpoint.protocol(), problem);
        if (!problem) {
            acceptor_.set_option(tcp::acceptor::reuse_address(true), problem);
        }
        if (!problem) {
            acceptor_.bind(endpoint, problem);
        }
        if (!problem) {
            acceptor_.listen(backlog, problem);
        }
        return problem;
    }
    [[nodiscard]] tcp::endpoint endpoint() const {
        error_code ignored;
        return acceptor_.local_endpoint(ignored);
    }
    void accept() {
        Loop& loop = *loops_[next_++ % loops_.size()];
        acceptor_.async_accept(loop.io, [this, &loop](error_code problem, tcp::socket socket) {
            if (problem == asio::error::operation_aborted) {
                return;
            }
            if (problem) {
                pause();
                return;
            }
            if (&loop == loops_.front().get()) {
                loop.adopt(std::move(socket));
            } else {
                asio::post(loop.io, [&loop, taken = std::move(socket)]() mutable {
                    loop.adopt(std::move(taken));
                });
            }
            if (between_ > Nanoseconds(0)) {
                accept_after(between_);
            } else {
                accept();
            }
        });
    }
    void throttle(int backlog, Nanoseconds pause) {
        asio::post(loops_.front()->io, [this, backlog, pause] {
            error_code ignored;
            acceptor_.listen(backlog, ignored);
            between_ = pause;
        });
    }

private:
    /// Usually out of file descriptors: trying again at once would only burn a processor.
    void pause() { accept_after(std::chrono::milliseconds(50)); }
    void accept_after(Nanoseconds length) {
        retry_.expires_after(length);
        retry_.async_wait([this](error_code problem) {
            if (!problem) {
                accept();
            }
        });
    }

    std::vector<std::unique_ptr<Loop>>& loops_;
    tcp::acceptor acceptor_;
    asio::steady_timer retry_;
    std::size_t next_ = 0;
    Nanoseconds between_{0};
};

}  // namespace

// ---- HttpServer

struct HttpServer::State {
    State(HttpServerOptions the_options, HttpHandler the_handler)
        : options(std::move(the_options)), handler(std::move(the_handler)) {
        for (int i = 0; i < std::max(1, options.threads); ++i) {
            loops.push_back(std::make_unique<Loop>(options, handler));
        }
        listener = std::make_unique<Listener>(loops);
    }
    ~State() { stop(); }

    void stop() {
        // All threads first: a loop may be handing a connection to another one.
        for (const auto& loop : loops) {
            loop->stop();
        }
        listener.reset();
        // In order: an accept that waits in the first loop holds a socket made for another.
        for (auto& loop : loops) {
            loop.reset();
        }
        loops.clear();
    }

    HttpServerOptions options;
    HttpHandler handler;
    std::vector<std::unique_ptr<Loop>> loops;
    std::unique_ptr<Listener> listener;
    tcp::endpoint endpoint;
};

HttpServerOptions own_port_options(std::string address, std::uint16_t port) {
    HttpServerOptions options;
    options.address = std::move(address);
    options.port = port;
    options.max_connections = kOwnPortConnections;
    options.request_timeout = std::chrono::seconds(5);
    options.write_timeout = std::chrono::seconds(10);
    options.backlog = 128;
    return options;
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer& HttpServer::operator=(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() = default;

Result<HttpServer> HttpServer::start(HttpServerOptions options, HttpHandler handler) {
    const std::string where = options.address + ":" + std::to_string(options.port);
    error_code problem;
    const auto address = asio::ip::make_address(
        options.address == "localhost" ? "127.0.0.1" : options.address, problem);
    if (problem) {
        return Error{"not an address to listen on", where, "use a numeric one, e.g. 127.0.0.1"};
    }
    const tcp::endpoint endpoint(address, options.port);
    try {
        auto state = std::make_unique<State>(std::move(options), std::move(handler));
        problem = state->listener->open(endpoint, state->options.backlog);
        if (problem) {
            return Error{"cannot listen: " + problem.message(), where, {}};
        }
        state->endpoint = state->listener->endpoint();
        state->listener->accept();
        for (const auto& loop : state->loops) {
            loop->start();
        }
        return HttpServer(std::move(state));
    } catch (const std::system_error& failure) {
        return Error{std::string("the server could not be set up: ") + failure.what(), where, {}};
    }
}

std::uint16_t HttpServer::port() const {
    return state_->endpoint.port();
}

std::string HttpServer::url() const {
    auto address = state_->endpoint.address();
    if (address.is_unspecified()) {
        address = address.is_v6() ? asio::ip::address(asio::ip::address_v6::loopback())
                                  : asio::ip::address(asio::ip::address_v4::loopback());
    }
    const std::string text = address.to_string();
    return "http://" + (address.is_v6() ? "[" + text + "]" : text) + ":" + std::to_string(port());
}

std::size_t HttpServer::connections_open() const {
    std::size_t sum = 0;
    for (const auto& loop : state_->loops) {
        sum += loop->open.load(std::memory_order_relaxed);
    }
    return sum;
}

void HttpServer::throttle_accepts(int backlog, Nanoseconds pause) {
    state_->listener->throttle(backlog, pause);
}

void HttpServer::stop() {
    if (state_) {
        state_->stop();
    }
}

}  // namespace plimsoll
