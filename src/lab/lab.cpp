#include "lab/lab.hpp"

#include "lab/database_connection.hpp"
#include "lab/database_pool.hpp"
#include "lab/deployments.hpp"
#include "net/http_server.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

// About 100 bytes, the size of a small API answer.
constexpr std::string_view kMemoryBody =
    R"({"name":"plimsoll-lab","kind":"in-memory","note":"answered without a database or allocation"})";

std::string iso_time(WallClock::time_point at) {
    const std::time_t seconds = WallClock::to_time_t(at);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), size};
}

double unix_seconds(WallClock::time_point at) {
    return std::chrono::duration<double>(at.time_since_epoch()).count();
}

/// Whether a later attempt may succeed where this one failed.
bool may_pass(const std::string& message) {
    if (!message.starts_with("FATAL:")) {
        return message != "the connection string is not valid";
    }
    constexpr std::array<std::string_view, 4> kPassing = {
        "starting up", "shutting down", "too many clients", "remaining connection"};
    return std::any_of(kPassing.begin(), kPassing.end(), [&](std::string_view part) {
        return message.find(part) != std::string::npos;
    });
}

/// Makes the table, trying again while the database is still starting.
Status prepare_database(const LabOptions& options) {
    const auto deadline = Clock::now() + options.database_wait;
    while (true) {
        DatabaseConnection connection;
        Status status = connection.connect(options.dsn, deadline, "lab");
        if (status) {
            status = connection.run_script(deployment_schema(), deadline);
            if (status) {
                return {};
            }
            if (connection.usable()) {
                return Error{status.error().what, "the lab's table",
                             "the role must be allowed to create tables"};
            }
        }
        if (!may_pass(status.error().what) || Clock::now() + 200ms >= deadline) {
            return Error{status.error().what, "the lab's database", status.error().hint};
        }
        std::this_thread::sleep_for(200ms);
    }
}

DatabasePoolOptions pool_options(const LabOptions& options) {
    const bool per_request = options.fault.kind == FaultSpec::Kind::MaxConnections;
    DatabasePoolOptions pool;
    pool.mode =
        per_request ? DatabasePoolOptions::Mode::PerRequest : DatabasePoolOptions::Mode::Fixed;
    pool.dsn = options.dsn;
    pool.application_name = "lab";
    pool.size = per_request ? options.per_request_threads : options.fault.pool_size;
    pool.wait_limit = options.pool_timeout;
    pool.statements = deployment_statements();
    return pool;
}

}  // namespace

struct Lab::State {
    explicit State(const LabOptions& the_options)
        : fault(the_options.fault), hold(fault.hold.value_or(the_options.hold)) {}

    void handle(HttpRequest request, Responder responder);
    void handle_plain(const HttpRequest& request, Responder responder);
    std::string state_json() const;

    FaultSpec fault;
    Nanoseconds hold;
    WallClock::time_point planted = WallClock::now();
    std::atomic<std::uint64_t> requests{0};
    std::unique_ptr<DatabasePool> pool;
    std::optional<HttpServer> server;  // last: stops first, so that no request finds the pool gone
};

void Lab::State::handle(HttpRequest request, Responder responder) {
    requests.fetch_add(1, std::memory_order_relaxed);
    if (!is_deployments_path(request.path())) {
        handle_plain(request, std::move(responder));
        return;
    }
    auto routed = route_deployments(request, hold);
    if (auto* response = std::get_if<HttpResponse>(&routed)) {
        responder.send(std::move(*response));
        return;
    }
    auto& job = std::get<DbJob>(routed);
    job.responder = std::move(responder);
    pool->submit(std::move(job));
}

void Lab::State::handle_plain(const HttpRequest& request, Responder responder) {
    const std::string_view path = request.path();
    const bool known = path == "/health" || path == "/mem" || path == "/lab/state";
    if (!known) {
        responder.send(json_error(404, "there is nothing at this path"));
    } else if (request.method != "GET" && request.method != "HEAD") {
        auto response = json_error(405, "this path answers only GET");
        response.headers.push_back({"Allow", "GET"});
        responder.send(std::move(response));
    } else if (path == "/mem") {
        responder.send(make_response(200, "application/json", std::string(kMemoryBody)));
    } else if (path == "/health") {
        responder.send(make_response(200, "application/json", R"({"status":"ok"})"));
    } else {
        responder.send(make_response(200, "application/json", state_json()));
    }
}

std::string Lab::State::state_json() const {
    const DatabasePoolState now = pool->state();
    const bool per_request = fault.kind == FaultSpec::Kind::MaxConnections;
    boost::json::object planted_fault{{"fault", fault.to_string()},
                                      {"planted_at", iso_time(planted)},
                                      {"planted_at_unix", unix_seconds(planted)}};
    boost::json::array faults;
    if (fault.kind != FaultSpec::Kind::None) {
        faults.push_back(std::move(planted_fault));
    }
    const boost::json::object state{{"pool",
                                     {{"mode", per_request ? "per-request" : "fixed"},
                                      {"size", now.size},
                                      {"connected", now.connected},
                                      {"busy", now.busy},
                                      {"waiting", now.waiting},
                                      {"timeouts", now.timeouts},
                                      {"failures", now.failures}}},
                                    {"hold_seconds", to_seconds(hold)},
                                    {"requests", requests.load(std::memory_order_relaxed)},
                                    {"faults", std::move(faults)}};
    return boost::json::serialize(state);
}

Lab::Lab(std::unique_ptr<State> state) : state_(std::move(state)) {}
Lab::~Lab() = default;
Lab::Lab(Lab&&) noexcept = default;
Lab& Lab::operator=(Lab&&) noexcept = default;

Result<Lab> Lab::start(const LabOptions& options) {
    if (const auto status = prepare_database(options); !status) {
        return status.error();
    }
    auto state = std::make_unique<State>(options);
    auto pool = DatabasePool::start(pool_options(options), Clock::now() + options.database_wait);
    if (!pool) {
        return pool.error();
    }
    state->pool = std::move(pool).value();
    state->planted = WallClock::now();
    HttpServerOptions http;
    http.address = options.address;
    http.port = options.port;
    http.threads = options.http_threads;
    auto server =
        HttpServer::start(http, [raw = state.get()](HttpRequest request, Responder responder) {
            raw->handle(std::move(request), std::move(responder));
        });
    if (!server) {
        return server.error();
    }
    state->server.emplace(std::move(server).value());
    return Lab(std::move(state));
}

std::uint16_t Lab::port() const {
    return state_->server->port();
}
std::string Lab::url() const {
    return state_->server->url();
}
std::string Lab::state_json() const {
    return state_->state_json();
}

void Lab::stop() {
    state_->server->stop();
    state_->pool->stop();
}

Status run_lab(const LabOptions& options, std::stop_token stop, std::FILE* out) {
    auto lab = Lab::start(options);
    if (!lab) {
        return lab.error();
    }
    std::fprintf(out, "ready %s\n", lab->url().c_str());
    std::fflush(out);
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait(lock, stop, [&] { return stop.stop_requested(); });
    lab->stop();
    return {};
}

}  // namespace plimsoll
