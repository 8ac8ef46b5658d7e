// A segment's side of gathering: the common start, and its run file's rows to the gatherer.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "gather/clock_offset.hpp"
#include "gather/gather_wire.hpp"
#include "net/http_client.hpp"
#include "run/load_control.hpp"
#include "run/load_source.hpp"
#include "run/stop_queue.hpp"
#include "scenario/scenario.hpp"
#include "store/run_stream.hpp"

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace plimsoll {

struct SenderOptions {
    std::string url;    // of the gather
    std::string token;  // a secret; empty: none
    /// After the load, for what was not taken yet.
    Nanoseconds wait = std::chrono::seconds(60);
    /// For the gather, and for the other segments, before the load.
    Nanoseconds barrier_wait = std::chrono::minutes(10);
};

/// What became of a segment's rows.
struct Delivery {
    bool complete = false;
    std::uint64_t ticks_left = 0;  // not taken by the gather
    double from_s = 0, to_s = 0;   // of the run: theirs
    std::string why;               // the last thing that went wrong
};

/// The run file that is written anyway is what is sent from, so the gather may be away for as long
/// as it likes: nothing waits for it in memory, and the load neither slows down nor ends for its
/// sake. Threading: `wait_for_start`, `begin` and `finish` from the run's thread, in that order;
/// `on_tick` and `facts` from any; a thread of its own sends.
class SegmentSender {
public:
    /// Opens nothing yet. Error: a URL that cannot be.
    [[nodiscard]] static Result<std::unique_ptr<SegmentSender>> create(SenderOptions options);
    ~SegmentSender();
    SegmentSender(const SegmentSender&) = delete;
    SegmentSender& operator=(const SegmentSender&) = delete;

    /// Says that this segment is ready, and waits for the instant that the gather names. `tell`
    /// hears whom it waits for.
    [[nodiscard]] StartTime wait_for_start(const Scenario& scenario, const RunInfo& run,
                                           StopQueue& stops,
                                           const std::function<void(std::string)>& tell);
    /// The run is open: from now on its file is sent, and the gather's orders are carried out.
    void begin(LoadControl& control, StopQueue& stops, const std::filesystem::path& run_file);
    /// A tick has ended; `last`: the run's last one.
    void on_tick(std::uint64_t tick, bool last);
    /// How the clocks stand, for the run file: clock.offset_s and clock.offset_error_s are of the
    /// start, clock.drift_s what has come since.
    [[nodiscard]] std::map<std::string, std::string> facts() const;
    /// The run file is complete. Sends what is left; `early`: why the load ended before its time,
    /// empty where it did not. Once.
    [[nodiscard]] Delivery finish(const std::string& early, StopQueue& stops);

private:
    struct Answer {
        int status = 0;  // 0: none came
        std::string text;
    };
    explicit SegmentSender(SenderOptions options) : options_(std::move(options)) {}

    [[nodiscard]] Answer ask(HttpRequest request, Nanoseconds within);
    [[nodiscard]] Answer post(const std::string& target, std::string body);
    /// A few questions for the time; false: one had no answer.
    bool ask_clock(int times);
    [[nodiscard]] StartTime start_at(WallClock::time_point start);

    void work();
    /// One round: what is new, or a word that we are there. False: the gather did not take it.
    bool send_round();
    bool send_begin();
    bool send_rows();
    bool send_end();
    bool heed(const Answer& answer);
    void carry_out(const Orders& orders);
    void set_due_levels();
    [[nodiscard]] std::string rows_target(const char* kind) const;
    [[nodiscard]] Delivery delivery() const;

    SenderOptions options_;
    std::optional<HttpClient> client_;
    mutable std::mutex clock_mutex_;
    ClockOffset clock_;                        // by clock_mutex_
    std::optional<Nanoseconds> start_offset_;  // by clock_mutex_
    Nanoseconds start_error_{};                // by clock_mutex_
    RunInfo run_;
    LoadControl* control_ = nullptr;
    StopQueue* stops_ = nullptr;
    std::filesystem::path run_file_;

    // Of the sending thread alone.
    StreamPosition position_;
    std::int64_t have_ = Orders::kNoFile;
    std::string trouble_;
    bool refused_ = false;  // for good
    bool ended_ = false;
    std::vector<LevelOrder> due_levels_;
    std::uint64_t levels_done_ = 0;
    bool stop_done_ = false;
    bool abort_done_ = false;
    Clock::time_point clock_asked_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<std::uint64_t> newest_;  // by mutex_, as the rest
    std::optional<std::uint64_t> last_;
    bool load_over_ = false;  // the run file is complete
    std::string early_;
    bool done_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace plimsoll
