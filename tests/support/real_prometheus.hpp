// Prometheus from the distribution's package, as the judge of what we tell it.
#pragma once

#include "base/clock.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temp_folder.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::test {

class RealPrometheus {
public:
    /// `config`: prometheus.yml. `data`: where its blocks are; empty: a folder of its own.
    explicit RealPrometheus(const std::string& config = "{}\n",
                            const std::vector<std::string>& flags = {},
                            const std::filesystem::path& data = {});

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url() const;
    /// Waits until it answers.
    [[nodiscard]] bool ready() const;

    /// The value of an instant query that gives exactly one sample; `at` in Unix seconds, else now.
    [[nodiscard]] std::optional<double> query(const std::string& expression,
                                              std::optional<double> at = std::nullopt) const;
    /// The body of any GET; empty where it was not answered with 200.
    [[nodiscard]] std::string get(const std::string& path) const;
    /// Waits until the expression has this value.
    [[nodiscard]] bool reaches(const std::string& expression, double value) const;
    [[nodiscard]] std::string log() const { return process_->output(); }

private:
    TempFolder folder_;
    std::uint16_t port_ = 0;
    std::unique_ptr<ChildProcess> process_;
};

/// `text` as a string of PromQL.
[[nodiscard]] std::string promql_quoted(const std::string& text);

}  // namespace plimsoll::test
