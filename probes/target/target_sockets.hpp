// What lies unread at the target, and what it waits for, from its sockets.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "probes/container/process_tree.hpp"
#include "probes/target/pace.hpp"
#include "probes/target/socket_owners.hpp"
#include "probes/target/tcp_socket_table.hpp"

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace plimsoll {

enum class Peer { Caller, Database, Upstream };
[[nodiscard]] std::string_view peer_name(Peer peer);

/// Connections with one other side. `remote` is "10.0.0.5:8080", "other" beyond kMostRemotes of
/// them, and empty for callers.
struct PeerKey {
    Peer peer = Peer::Caller;
    std::string remote;
    auto operator<=>(const PeerKey&) const = default;
};
struct PeerFigures {
    double connections = 0;
    double unread = 0;  // with bytes received that nobody has read
    double unread_bytes = 0;
    /// On which data last went out and none has come in since: requests under way. Not of callers.
    std::optional<double> waiting, longest_wait_s;
};

struct SocketFigures {
    double accept_queue = 0;             // connections that nobody has accepted
    std::optional<double> accept_limit;  // how many there may be
    std::map<PeerKey, PeerFigures> peers;
    /// Processes that serve the port: those below the first one that hold its socket or a
    /// connection to it; 1 where the first one serves alone. Nothing: they may not be looked into.
    std::optional<double> workers;
};

struct TargetSocketsOptions {
    pid_t pid = 0;
    std::uint16_t port = 0;  // that it serves, as seen from here
    /// Remote ports at which a database or its pooler listens.
    std::set<std::uint16_t> database_ports{5432, 6432};
    std::filesystem::path proc = "/proc";
    bool use_diag = true;        // false: text of /proc only, as where sock_diag is not to be had
    std::set<pid_t> apart = {};  // as of ProcessTree
    /// Processes whose trees belong to the target too: the application behind a proxy. What they
    /// connect to is the target's; whoever calls them is not looked at.
    std::set<pid_t> behind = {};
};

/// Looks at the sockets of one process tree, in its network namespace.
///
/// Each sample looks at the listening sockets, and again at 16 to 64 callers' connections (in turn,
/// in the kernel's order, which is random: what they show is taken for all) and as many others: so
/// many as 0.08 % and 0.1 % of a core allow. Which connections there are takes a walk over the
/// machine's whole table; those come as often as 0.12 % of a core allows. In a namespace that it
/// shares with us, the target's sockets are told from others' by its descriptors, for which there
/// is 0.05 %; these also tell which processes serve.
///
/// Without sock_diag (entering the namespace takes CAP_SYS_ADMIN) the text of /proc/PID/net/tcp is
/// read as often as 0.3 % of a core allows, and its figures hold until then; there are no waits and
/// no limit in it.
///
/// Threading: one thread.
class TargetSockets {
public:
    explicit TargetSockets(TargetSocketsOptions options);

    /// Error: its namespace is gone or cannot be looked into.
    [[nodiscard]] Result<SocketFigures> sample(Clock::time_point now);
    /// "sock_diag" or "proc", after the first sample.
    [[nodiscard]] std::string_view source() const { return diag_ ? "sock_diag" : "proc"; }

    static constexpr std::size_t kMostRemotes = 16;

private:
    using Remote = std::pair<AddressWords, std::uint16_t>;
    void open();
    Status walk(Clock::time_point now);
    Result<std::vector<TcpSocket>> read_text();
    void sort_out(const std::vector<TcpSocket>& sockets, Clock::time_point now);
    void learn_owners(const std::vector<TcpSocket>& outgoing, Clock::time_point now);
    void count_workers(const std::vector<ProcessSockets>& processes);
    [[nodiscard]] std::vector<ProcessSockets> sockets_behind();
    void note_inner_ports(const std::vector<ProcessSockets>& processes);
    void note_listeners(const std::vector<TcpSocket>& listeners);
    [[nodiscard]] bool is_ours(const TcpSocket& socket) const;
    [[nodiscard]] bool serves(std::uint16_t port) const;
    [[nodiscard]] PeerKey key_of(const TcpSocket& socket);
    static std::span<TcpSocket> take_turn(std::vector<TcpSocket>& all, std::size_t& next,
                                          std::size_t most);
    void add(std::span<const TcpSocket> some, double each, bool outgoing);
    Status add_some(bool outgoing, Clock::time_point now, bool fresh);
    Status look(Clock::time_point now);

    TargetSocketsOptions options_;
    bool own_namespace_ = true;
    ProcessTree tree_;
    std::vector<ProcessTree> behind_;
    std::optional<SocketDiag> diag_;
    Pace walks_, owners_;
    Ration callers_ration_, outgoing_ration_;
    Clock::time_point count_again_{};
    std::set<std::uint16_t> listening_;                 // ports of the namespace
    std::map<std::uint32_t, std::uint16_t> listeners_;  // inode to port
    std::set<std::uint16_t> inner_ports_;               // that it or what is behind it listens on
    std::set<std::uint32_t> served_;                    // inodes of sockets that listen for callers
    std::set<std::uint32_t> ours_, others_;             // inodes of outgoing sockets
    std::set<Remote> our_remotes_, others_remotes_;     // where these go
    std::vector<TcpSocket> callers_, outgoing_;         // as of the last walk
    std::size_t next_caller_ = 0, next_outgoing_ = 0;
    std::set<std::string> remotes_;
    SocketFigures figures_;
};

}  // namespace plimsoll
