#include "lab/lab.hpp"

#include "lab/application.hpp"
#include "lab/database_connection.hpp"
#include "lab/fault_control.hpp"
#include "lab/json_answer.hpp"
#include "lab/lab_control.hpp"
#include "lab/proxy.hpp"
#include "lab/service.hpp"
#include "net/http_server.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <sys/resource.h>
#include <thread>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

/// Clients of the service at a time: the database, the switches and what faults need keep some of
/// the file descriptors.
std::size_t most_clients() {
    constexpr rlim_t kKept = 256;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<std::size_t>(limit.rlim_cur - std::min(kKept, limit.rlim_cur / 2));
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

Status run_schema(DatabaseConnection& connection, const LabApplication& application,
                  Clock::time_point deadline) {
    for (const std::string& script : application.schema) {
        if (const auto status = connection.run_script(script, deadline); !status) {
            return status;
        }
    }
    return {};
}

/// Makes the tables, trying again while the database is still starting.
Status prepare_database(const LabOptions& options) {
    const auto deadline = Clock::now() + options.database_wait;
    while (true) {
        DatabaseConnection connection;
        Status status = connection.connect(options.direct_dsn, deadline, "lab");
        if (status) {
            status = run_schema(connection, *options.application, deadline);
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

LabOptions completed(LabOptions options) {
    if (!options.application) {
        options.application = deployments_application();
    }
    if (options.direct_dsn.empty()) {
        options.direct_dsn = options.dsn;
    }
    if (options.workers <= 0) {
        options.workers = std::max(2, static_cast<int>(std::thread::hardware_concurrency()));
    }
    return options;
}

Result<RouteTable> routes_of(const LabApplication& application) {
    RouteTable table;
    for (const auto& routes : {plain_routes(), application.routes}) {
        for (const Route& route : routes) {
            if (const auto status = table.add(route); !status) {
                return status.error();
            }
        }
    }
    return table;
}

}  // namespace

struct Lab::State {
    State(const LabOptions& the_options, RouteTable routes)
        : options(the_options),
          service(std::move(routes), options.workers, options.pool_metrics),
          faults(options, service),
          control(service, faults, options) {}

    Status listen();
    void stop();

    const LabOptions options;
    Service service;
    FaultControl faults;
    LabControl control;
    // Last: they stop first, so that no request finds the rest gone.
    std::optional<HttpServer> server;
    std::optional<HttpServer> control_server;
    std::optional<FaultProxy> proxy;
    bool stopped = false;
};

Status Lab::State::listen() {
    HttpServerOptions http;
    http.threads = options.http_threads;
    http.reached_at = options.address;
    http.max_connections = most_clients();
    if (!options.proxy) {
        http.address = options.address;
        http.port = options.port;
    }
    // Everything a fault does must leave a way to end it: the switches have a thread of their own.
    auto switches = HttpServer::start(own_port_options("127.0.0.1", 0),
                                      [this](HttpRequest request, Responder responder) {
                                          control.handle(std::move(request), std::move(responder));
                                      });
    if (!switches) {
        return switches.error();
    }
    control_server.emplace(std::move(switches).value());
    control.set_addresses(control_server->url(), options.address);
    auto started = HttpServer::start(http, [this](HttpRequest request, Responder responder) {
        if (request.path().starts_with("/lab/")) {
            control.handle_on_service(std::move(request), std::move(responder));
        } else {
            service.handle(std::move(request), std::move(responder));
        }
    });
    if (!started) {
        return started.error();
    }
    server.emplace(std::move(started).value());
    if (options.proxy) {
        ProxyOptions front;
        front.address = options.address;
        front.port = options.port;
        front.upstream = "127.0.0.1:" + std::to_string(server->port());
        auto made = FaultProxy::start(front);
        if (!made) {
            return made.error();
        }
        proxy.emplace(std::move(made).value());
    }
    faults.attach(&*server, proxy ? &*proxy : nullptr);
    return {};
}

void Lab::State::stop() {
    if (std::exchange(stopped, true)) {
        return;
    }
    if (proxy) {
        proxy->stop();
    }
    for (auto* one : {&control_server, &server}) {
        if (*one) {
            (*one)->stop();
        }
    }
    control.stop();
    service.stop();
}

Lab::Lab(std::unique_ptr<State> state) : state_(std::move(state)) {}
Lab::~Lab() {
    if (state_) {
        state_->stop();
    }
}
Lab::Lab(Lab&&) noexcept = default;
Lab& Lab::operator=(Lab&& other) noexcept {
    if (this != &other) {
        if (state_) {
            state_->stop();
        }
        state_ = std::move(other.state_);
    }
    return *this;
}

Result<Lab> Lab::start(const LabOptions& given) {
    const LabOptions options = completed(given);
    if (const auto status = prepare_database(options); !status) {
        return status.error();
    }
    auto routes = routes_of(*options.application);
    if (!routes) {
        return routes.error();
    }
    Lab lab(std::make_unique<State>(options, std::move(routes).value()));
    State& state = *lab.state_;
    if (const auto status = state.faults.begin(options.faults); !status) {
        return status.error();
    }
    if (const auto status = state.listen(); !status) {
        return status.error();
    }
    if (const auto status = state.faults.plant_first(options.faults); !status) {
        return status.error();
    }
    state.control.open();
    return lab;
}

std::uint16_t Lab::port() const {
    return state_->proxy ? state_->proxy->port() : state_->server->port();
}
std::string Lab::url() const {
    if (!state_->proxy) {
        return state_->server->url();
    }
    const std::string& address = state_->options.address;
    const std::string host = address == "0.0.0.0" ? "127.0.0.1" : address;
    return "http://" + host + ":" + std::to_string(port());
}
std::string Lab::control_url() const {
    return state_->control_server->url();
}
std::string Lab::state_json() const {
    return state_->control.state_json();
}
void Lab::stop() {
    state_->stop();
}

Status run_lab(const LabOptions& options, std::stop_token stop, std::FILE* out) {
    auto lab = Lab::start(options);
    if (!lab) {
        return lab.error();
    }
    std::fprintf(out, "ready %s\ncontrol %s\n", lab->url().c_str(), lab->control_url().c_str());
    std::fflush(out);
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait(lock, stop, [&] { return stop.stop_requested(); });
    lab->stop();
    return {};
}

}  // namespace plimsoll
