// An HTTP server whose answers take exactly as long as a file says: the yardstick of the timing
// proofs.
//
//   timed_server DELAYS OUT [FREEZE_AFTER_MS FREEZE_FOR_MS | WORKERS]
//
// DELAYS holds one delay in nanoseconds per line; the n-th request is answered that long after it
// was received, and those past the end of the file at once. With FREEZE_..., the whole server
// stands still for FREEZE_FOR_MS, FREEZE_AFTER_MS after the first request. With WORKERS, so many
// work on one request each, in the order received, and the delay counts from when one is free: the
// queue G/G/c. Prints "port N" once it listens on loopback. On SIGTERM it writes OUT: "freeze BEGIN
// END" (nanoseconds of the monotonic clock) where it froze, then per request "PLANNED APPLIED", in
// the order received, and ends. One thread; time-outs by one timerfd at the earliest answer's
// absolute time.
#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <iostream>
#include <netinet/tcp.h>
#include <queue>
#include <sched.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::int64_t now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * kSecond + now.tv_nsec;
}

timespec to_timespec(std::int64_t ns) {
    timespec out{};
    out.tv_sec = ns / kSecond;
    out.tv_nsec = ns % kSecond;
    return out;
}

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

struct Request {
    std::int64_t planned;
    std::int64_t received;
    std::int64_t answered = 0;
};

struct Answer {
    std::int64_t at;
    std::size_t request;
    int socket;
    friend bool operator>(const Answer& a, const Answer& b) { return a.at > b.at; }
};

class Server {
public:
    /// `workers` 0: as many as there are requests.
    Server(std::vector<std::int64_t> delays, std::int64_t freeze_after, std::int64_t freeze_for,
           std::size_t workers)
        : delays_(std::move(delays)), freeze_after_(freeze_after), freeze_for_(freeze_for) {
        for (std::size_t i = 0; i < workers; ++i) {
            free_at_.push(0);
        }
        requests_.reserve(delays_.size());
        listen_on_loopback();
        epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
        timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        sigset_t stops;
        sigemptyset(&stops);
        sigaddset(&stops, SIGTERM);
        ::sigprocmask(SIG_BLOCK, &stops, nullptr);
        stop_ = ::signalfd(-1, &stops, SFD_CLOEXEC);
        watch(listener_);
        watch(timer_);
        watch(stop_);
    }

    [[nodiscard]] int port() const { return port_; }

    void run() {
        std::vector<epoll_event> events(256);
        for (;;) {
            const int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            if (n < 0 && errno != EINTR) {
                die("epoll_wait");
            }
            for (int i = 0; i < n; ++i) {
                const int fd = events[static_cast<std::size_t>(i)].data.fd;
                if (fd == stop_) {
                    return;
                }
                if (fd == listener_) {
                    accept_all();
                } else if (fd == timer_) {
                    std::uint64_t expirations = 0;
                    (void)!::read(timer_, &expirations, sizeof expirations);
                    armed_ = INT64_MAX;
                } else {
                    receive(fd);
                }
                send_due();
            }
            freeze_when_due();
            arm();
        }
    }

    void write(std::ostream& out) const {
        if (frozen_to_ != 0) {
            out << "freeze " << frozen_from_ << ' ' << frozen_to_ << '\n';
        }
        for (const Request& request : requests_) {
            if (request.answered != 0) {
                out << request.planned << ' ' << request.answered - request.received << '\n';
            }
        }
    }

private:
    void listen_on_loopback() {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        // A backlog for all who connect during a freeze.
        if (::bind(listener_, generic, length) != 0 || ::listen(listener_, 4096) != 0 ||
            ::getsockname(listener_, generic, &length) != 0) {
            die("listen");
        }
        port_ = ntohs(address.sin_port);
    }

    void watch(int fd) const {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
            die("epoll_ctl");
        }
    }

    void accept_all() {
        for (;;) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) {
                return;
            }
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            partial_[fd].clear();
            watch(fd);
        }
    }

    void receive(int fd) {
        char buffer[4096];
        const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
        if (n <= 0) {
            if (n == 0 || errno != EAGAIN) {
                ::close(fd);
                partial_.erase(fd);
            }
            return;
        }
        const std::int64_t received = now_ns();
        std::string& text = partial_[fd];
        text.append(buffer, static_cast<std::size_t>(n));
        for (auto end = text.find("\r\n\r\n"); end != std::string::npos;
             end = text.find("\r\n\r\n")) {
            text.erase(0, end + 4);
            if (requests_.empty() && freeze_for_ > 0) {
                freeze_at_ = received + freeze_after_;
            }
            const std::size_t index = requests_.size();
            const std::int64_t delay = index < delays_.size() ? delays_[index] : 0;
            const std::int64_t at = begun(received) + delay;
            requests_.push_back({at - received, received});
            answers_.push({at, index, fd});
            if (!free_at_.empty()) {
                free_at_.pop();
                free_at_.push(at);
            }
        }
    }

    /// When the worker that is free first takes up what was received now.
    [[nodiscard]] std::int64_t begun(std::int64_t received) const {
        return free_at_.empty() ? received : std::max(received, free_at_.top());
    }

    void send_due() {
        while (!answers_.empty() && answers_.top().at <= now_ns()) {
            const Answer answer = answers_.top();
            answers_.pop();
            // The delay that counts ends where the kernel takes the answer.
            requests_[answer.request].answered = now_ns();
            (void)!::send(answer.socket, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
        }
    }

    void freeze_when_due() {
        if (freeze_at_ == 0 || now_ns() < freeze_at_) {
            return;
        }
        frozen_from_ = now_ns();
        const timespec until = to_timespec(freeze_at_ + freeze_for_);
        while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
        }
        frozen_to_ = now_ns();
        freeze_at_ = 0;
    }

    void arm() {
        std::int64_t at = answers_.empty() ? INT64_MAX : answers_.top().at;
        if (freeze_at_ != 0 && freeze_at_ < at) {
            at = freeze_at_;
        }
        if (at == armed_ || at == INT64_MAX) {
            return;
        }
        armed_ = at;
        itimerspec when{};
        when.it_value = to_timespec(at);
        ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
    }

    std::vector<std::int64_t> delays_;
    std::int64_t freeze_after_;
    std::int64_t freeze_for_;
    std::int64_t freeze_at_ = 0;  // 0: no freeze to come
    std::int64_t frozen_from_ = 0;
    std::int64_t frozen_to_ = 0;
    std::int64_t armed_ = INT64_MAX;
    int listener_ = -1;
    int epoll_ = -1;
    int timer_ = -1;
    int stop_ = -1;
    int port_ = 0;
    std::vector<Request> requests_;
    std::priority_queue<Answer, std::vector<Answer>, std::greater<>> answers_;
    std::priority_queue<std::int64_t, std::vector<std::int64_t>, std::greater<>> free_at_;
    std::unordered_map<int, std::string> partial_;
};

std::vector<std::int64_t> read_delays(const char* path) {
    std::ifstream in(path);
    std::vector<std::int64_t> delays;
    for (std::int64_t delay = 0; in >> delay;) {
        delays.push_back(delay);
    }
    if (!in.eof()) {
        std::cerr << path << ": not a list of whole numbers\n";
        std::exit(1);
    }
    return delays;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3 || argc > 5) {
        std::cerr << "usage: timed_server DELAYS OUT [FREEZE_AFTER_MS FREEZE_FOR_MS | WORKERS]\n";
        return 1;
    }
    // The yardstick must be finer than what it measures: no slack in its timers and, where the
    // system lets it, ahead of ordinary threads.
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    sched_param priority{};
    priority.sched_priority = 2;  // and ahead of a plimsoll that a proof puts there too
    const bool real_time = ::sched_setscheduler(0, SCHED_FIFO, &priority) == 0;
    Server server(read_delays(argv[1]), argc == 5 ? std::atoll(argv[3]) * 1'000'000 : 0,
                  argc == 5 ? std::atoll(argv[4]) * 1'000'000 : 0,
                  argc == 4 ? std::strtoull(argv[3], nullptr, 10) : 0);
    std::cout << "port " << server.port() << "\nscheduling "
              << (real_time ? "real-time" : "ordinary") << std::endl;
    server.run();
    std::ofstream out(argv[2]);
    server.write(out);
    return out.good() ? 0 : 1;
}
