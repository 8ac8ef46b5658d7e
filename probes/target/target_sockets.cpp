#include "probes/target/target_sockets.hpp"

#include "probes/container/system_files.hpp"

#include <algorithm>
#include <sys/stat.h>
#include <utility>

namespace plimsoll {
namespace {

// Of a core. A walk takes 2 to 3 ms where the kernel's table has 262,144 places (24 GB of memory),
// and a microsecond more for each socket.
constexpr double kWalks = 0.0012;
constexpr double kTextWalks = 0.003;
constexpr double kOwners = 0.0005;
// Each time, some of the callers' connections (2 to 3 us each) and of the target's own (4 us).
constexpr double kCallers = 0.0008;
constexpr double kOutgoing = 0.001;
constexpr std::size_t kFewest = 16;
constexpr Nanoseconds kCountWorkers = std::chrono::seconds(5);

/// Identity of a process's network namespace; 0 where it cannot be seen.
ino_t network_namespace(const std::filesystem::path& proc, const std::string& process) {
    struct stat status {};
    return ::stat((proc / process / "ns/net").c_str(), &status) == 0 ? status.st_ino : 0;
}

/// Bytes that nobody has read. The end of a stream counts as one more in the kernel's figure.
double unread_bytes(const TcpSocket& socket) {
    const std::uint32_t end = socket.peer_closed ? 1 : 0;
    return socket.waiting > end ? socket.waiting - end : 0;
}

/// How long a request has been under way; nothing where none is.
std::optional<double> wait_of(const TcpSocket& socket) {
    if (!socket.sent_ms_ago || !socket.received_ms_ago ||
        (*socket.received_ms_ago <= *socket.sent_ms_ago && !socket.unanswered)) {
        return std::nullopt;
    }
    return *socket.sent_ms_ago / 1000.0;
}

/// It ended before anybody looked at what it waits for.
bool unknown(const TcpSocket& socket, bool outgoing) {
    return outgoing && socket.gone && !socket.sent_ms_ago;
}

}  // namespace

std::string_view peer_name(Peer peer) {
    return peer == Peer::Caller ? "caller" : peer == Peer::Database ? "database" : "upstream";
}

TargetSockets::TargetSockets(TargetSocketsOptions options)
    : options_(std::move(options)),
      tree_(options_.proc, options_.pid, options_.apart),
      walks_(kWalks),
      owners_(kOwners),
      callers_ration_(kCallers, kFewest, SocketDiag::kMostAtOnce),
      outgoing_ration_(kOutgoing, kFewest, SocketDiag::kMostAtOnce) {
    for (const pid_t pid : options_.behind) {
        if (pid != options_.pid) {
            behind_.emplace_back(options_.proc, pid, options_.apart);
        }
    }
    const ino_t theirs = network_namespace(options_.proc, std::to_string(options_.pid));
    own_namespace_ = theirs == 0 || theirs == network_namespace(options_.proc, "self");
}

void TargetSockets::open() {
    const std::filesystem::path net = own_namespace_
                                          ? std::filesystem::path()
                                          : options_.proc / std::to_string(options_.pid) / "ns/net";
    auto diag = SocketDiag::open(net);
    if (diag) {
        diag_.emplace(std::move(*diag));
    } else {
        options_.use_diag = false;
        walks_ = Pace(kTextWalks);
    }
}

Result<std::vector<TcpSocket>> TargetSockets::read_text() {
    std::vector<TcpSocket> all;
    bool any = false;
    for (const bool ipv6 : {false, true}) {
        const auto text = read_small_file(options_.proc / std::to_string(options_.pid) / "net" /
                                          (ipv6 ? "tcp6" : "tcp"));
        any = any || text;
        const auto some = parse_tcp_table(text.value_or(""), ipv6);
        all.insert(all.end(), some.begin(), some.end());
    }
    return any ? Result(std::move(all)) : Error{"its network namespace cannot be looked into"};
}

bool TargetSockets::serves(std::uint16_t port) const {
    // A container's port may be published under another one: there, all that it listens on count.
    return port == options_.port ||
           (!own_namespace_ && !listening_.contains(options_.port) && listening_.contains(port));
}

void TargetSockets::note_listeners(const std::vector<TcpSocket>& listeners) {
    listening_.clear();
    listeners_.clear();
    served_.clear();
    for (const TcpSocket& socket : listeners) {
        listening_.insert(socket.local_port);
        listeners_[socket.inode] = socket.local_port;
    }
    figures_.accept_queue = 0;
    figures_.accept_limit.reset();
    for (const TcpSocket& socket : listeners) {
        if (serves(socket.local_port)) {
            served_.insert(socket.inode);
            figures_.accept_queue += socket.waiting;
            if (socket.limit) {
                figures_.accept_limit = figures_.accept_limit.value_or(0) + *socket.limit;
            }
        }
    }
}

void TargetSockets::learn_owners(const std::vector<TcpSocket>& outgoing, Clock::time_point now) {
    std::set<std::uint32_t> current;
    bool unknown = false;
    for (const TcpSocket& socket : outgoing) {
        current.insert(socket.inode);
        unknown = unknown || (own_namespace_ && !ours_.contains(socket.inode) &&
                              !others_.contains(socket.inode));
    }
    const auto is_over = [&](std::uint32_t inode) { return !current.contains(inode); };
    std::erase_if(ours_, is_over);
    std::erase_if(others_, is_over);
    if ((!unknown && now < count_again_) || !owners_.due(now)) {
        return;
    }
    count_again_ = now + kCountWorkers;
    auto [all, behind] = owners_.run([&] {
        (void)tree_.sample();
        auto own = sockets_of(options_.proc, tree_.members());
        return std::pair(std::move(own), sockets_behind());
    });
    count_workers(all);
    all.insert(all.end(), behind.begin(), behind.end());
    note_inner_ports(all);
    others_ = std::move(current);
    for (const ProcessSockets& process : all) {
        for (const std::uint32_t inode : process.inodes) {
            if (others_.erase(inode) > 0) {
                ours_.insert(inode);
            }
        }
    }
    others_remotes_.clear();
    for (const TcpSocket& socket : outgoing) {
        auto& remotes = ours_.contains(socket.inode) ? our_remotes_ : others_remotes_;
        remotes.emplace(socket.remote, socket.remote_port);
    }
}

/// Of the processes behind it; none of the target's own tree twice.
std::vector<ProcessSockets> TargetSockets::sockets_behind() {
    const std::vector<pid_t> own = tree_.members();
    std::set<pid_t> pids;
    for (ProcessTree& tree : behind_) {
        (void)tree.sample();
        const std::vector<pid_t> members = tree.members();
        pids.insert(members.begin(), members.end());
    }
    for (const pid_t pid : own) {
        pids.erase(pid);
    }
    return sockets_of(options_.proc, {pids.begin(), pids.end()});
}

/// What the target's own processes listen on, and those behind it: connections there stay inside.
void TargetSockets::note_inner_ports(const std::vector<ProcessSockets>& processes) {
    inner_ports_.clear();
    for (const ProcessSockets& process : processes) {
        for (const std::uint32_t inode : process.inodes) {
            if (const auto at = listeners_.find(inode); at != listeners_.end()) {
                inner_ports_.insert(at->second);
            }
        }
    }
}

void TargetSockets::count_workers(const std::vector<ProcessSockets>& processes) {
    std::set<std::uint32_t> served = served_;
    for (const TcpSocket& socket : callers_) {
        served.insert(socket.inode);
    }
    double below = 0;
    bool any = false;
    for (const ProcessSockets& process : processes) {
        const bool serves =
            std::any_of(process.inodes.begin(), process.inodes.end(),
                        [&](std::uint32_t inode) { return served.contains(inode); });
        any = any || serves;
        below += serves && process.pid != options_.pid ? 1 : 0;
    }
    // Behind a proxy others serve, of whose number its own processes say nothing.
    figures_.workers = any && behind_.empty() ? std::optional(std::max(1.0, below)) : std::nullopt;
}

/// By its descriptors; one that nobody has looked for yet is the target's where it goes to whom the
/// target alone talks: connections may live shorter than it takes to find their owner.
bool TargetSockets::is_ours(const TcpSocket& socket) const {
    const Remote remote{socket.remote, socket.remote_port};
    return ours_.contains(socket.inode) ||
           (!others_.contains(socket.inode) && our_remotes_.contains(remote) &&
            !others_remotes_.contains(remote));
}

/// Callers' connections, and those that the target has opened.
void TargetSockets::sort_out(const std::vector<TcpSocket>& sockets, Clock::time_point now) {
    callers_.clear();
    outgoing_.clear();
    std::vector<TcpSocket> outgoing;
    for (const TcpSocket& socket : sockets) {
        // Those that nobody has accepted are the listener's figure.
        const bool far_end = serves(socket.remote_port) && socket.remote_is_loopback();
        if (socket.listening || socket.inode == 0 || far_end) {
            continue;
        }
        if (serves(socket.local_port)) {
            callers_.push_back(socket);
        } else if (!listening_.contains(socket.local_port)) {
            outgoing.push_back(socket);
        }
    }
    learn_owners(outgoing, now);
    for (const TcpSocket& socket : outgoing) {
        const bool inner = socket.remote_is_loopback() && inner_ports_.contains(socket.remote_port);
        if (!inner && (!own_namespace_ || is_ours(socket))) {
            outgoing_.push_back(socket);
        }
    }
}

Status TargetSockets::walk(Clock::time_point now) {
    auto sockets =
        walks_.run([&] { return diag_ ? diag_->connections(options_.port) : read_text(); });
    if (!sockets) {
        return sockets.error();
    }
    if (!diag_) {
        std::vector<TcpSocket> listeners;
        std::copy_if(sockets->begin(), sockets->end(), std::back_inserter(listeners),
                     [](const TcpSocket& socket) { return socket.listening; });
        note_listeners(listeners);
    }
    sort_out(*sockets, now);
    return {};
}

PeerKey TargetSockets::key_of(const TcpSocket& socket) {
    const bool database = options_.database_ports.contains(socket.remote_port);
    PeerKey key{database ? Peer::Database : Peer::Upstream, socket.remote_text()};
    if (!remotes_.contains(key.remote)) {
        if (remotes_.size() >= kMostRemotes) {
            key.remote = "other";
        } else {
            remotes_.insert(key.remote);
        }
    }
    return key;
}

/// The next of them, in turn; all where there are few.
std::span<TcpSocket> TargetSockets::take_turn(std::vector<TcpSocket>& all, std::size_t& next,
                                              std::size_t most) {
    const std::size_t count = std::min(most, all.size());
    if (next >= all.size()) {
        next = 0;
    }
    const std::size_t first = std::min(next, all.size() - count);
    next = first + count;
    return std::span(all).subspan(first, count);
}

/// Adds the figures of `some`, each standing for `each` connections. One that has ended since the
/// last walk counts as it was last seen: where each request has a connection of its own, another
/// stands in its place, which only the next walk can find.
void TargetSockets::add(std::span<const TcpSocket> some, double each, bool outgoing) {
    for (const TcpSocket& socket : some) {
        if (unknown(socket, outgoing)) {
            continue;
        }
        PeerFigures& sum = figures_.peers[outgoing ? key_of(socket) : PeerKey{}];
        sum.connections += each;
        const double unread = unread_bytes(socket);
        sum.unread += unread > 0 ? each : 0;
        sum.unread_bytes += each * unread;
        if (outgoing && socket.sent_ms_ago) {
            const auto wait = wait_of(socket);
            sum.waiting = sum.waiting.value_or(0) + (wait ? each : 0);
            sum.longest_wait_s = std::max(sum.longest_wait_s.value_or(0), wait.value_or(0));
        }
    }
}

/// Looks again at some, unless a walk has just seen all that is wanted.
Status TargetSockets::add_some(bool outgoing, Clock::time_point now, bool fresh) {
    std::vector<TcpSocket>& all = outgoing ? outgoing_ : callers_;
    Ration& ration = outgoing ? outgoing_ration_ : callers_ration_;
    const std::size_t most = ration.count(now);
    if (!diag_ || all.empty() || fresh) {
        add(all, 1, outgoing);
        return {};
    }
    const std::span<TcpSocket> some =
        take_turn(all, outgoing ? next_outgoing_ : next_caller_, most);
    const Nanoseconds before = thread_cpu_time();
    if (Status looked = diag_->look_again(some, outgoing); !looked) {
        return looked;
    }
    ration.charge(some.size(), thread_cpu_time() - before);
    const auto is_known = [&](const TcpSocket& socket) { return !unknown(socket, outgoing); };
    const auto known = std::max<std::ptrdiff_t>(1, std::ranges::count_if(some, is_known));
    add(some, static_cast<double>(all.size()) / static_cast<double>(known), outgoing);
    return {};
}

Status TargetSockets::look(Clock::time_point now) {
    if (diag_) {
        const auto listeners = diag_->listeners();
        if (!listeners) {
            return listeners.error();
        }
        note_listeners(*listeners);
    }
    const bool walks = walks_.due(now);
    if (walks) {
        if (Status walked = walk(now); !walked) {
            return walked;
        }
    }
    figures_.peers.clear();
    figures_.peers[PeerKey{}];  // none is a figure too
    if (Status added = add_some(false, now, walks); !added) {
        return added;
    }
    return add_some(true, now, false);  // a walk does not tell times
}

Result<SocketFigures> TargetSockets::sample(Clock::time_point now) {
    if (options_.use_diag && !diag_) {
        open();
    }
    if (Status looked = look(now); !looked) {
        diag_.reset();  // answers to come would be taken for the next question's
        return looked.error();
    }
    return figures_;
}

}  // namespace plimsoll
