// receiver.js, which decodes what is sent to it with a library that is not ours.
#pragma once

#include "base/clock.hpp"
#include "tests/support/child_process.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace plimsoll::test {

/// Starts it in `process` with its files in `folder`, and says in `port` where it listens.
/// `replies`: what it answers, in turn.
inline void start_receiver(const std::filesystem::path& folder,
                           const std::vector<std::string>& replies,
                           std::unique_ptr<ChildProcess>& process, std::uint16_t& port) {
    using namespace std::chrono_literals;
    std::vector<std::string> argv{"node", PLIMSOLL_SOURCE_DIR "/tests/integration/otlp/receiver.js",
                                  (folder / "requests").string()};
    argv.insert(argv.end(), replies.begin(), replies.end());
    process = std::make_unique<ChildProcess>(argv, folder / "log");
    static const std::regex line("listening ([0-9]+)\n");
    const auto until = Clock::now() + 60s;
    std::smatch match;
    for (std::string log; Clock::now() < until; std::this_thread::sleep_for(20ms)) {
        log = process->output();
        if (std::regex_search(log, match, line)) {
            port = static_cast<std::uint16_t>(std::stoi(match[1]));
            return;
        }
        ASSERT_TRUE(process->running()) << log;
    }
    FAIL() << "the receiver did not start: " << process->output();
}

}  // namespace plimsoll::test
