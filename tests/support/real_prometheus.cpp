#include "tests/support/real_prometheus.hpp"

#include "tests/support/http_exchange.hpp"

#include <thread>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace plimsoll::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr auto kPatience = 60s;

}  // namespace

RealPrometheus::RealPrometheus(const std::string& config, const std::vector<std::string>& flags,
                               const std::filesystem::path& data)
    : port_(free_port()) {
    const std::filesystem::path blocks = data.empty() ? folder_.path() / "data" : data;
    std::vector<std::string> argv{
        "prometheus", "--config.file=" + folder_.write("prometheus.yml", config).string(),
        "--storage.tsdb.path=" + blocks.string(),
        "--web.listen-address=127.0.0.1:" + std::to_string(port_), "--log.level=warn"};
    argv.insert(argv.end(), flags.begin(), flags.end());
    process_ = std::make_unique<ChildProcess>(argv, folder_.path() / "log");
}

std::string RealPrometheus::url() const {
    return "http://127.0.0.1:" + std::to_string(port_);
}

bool RealPrometheus::ready() const {
    for (const auto until = Clock::now() + kPatience; Clock::now() < until;) {
        if (const auto answer = test::get(port_, "/-/ready"); answer && answer->status == 200) {
            return true;
        }
        std::this_thread::sleep_for(20ms);
    }
    return false;
}

std::string RealPrometheus::get(const std::string& path) const {
    const auto answer = test::get(port_, path);
    return answer && answer->status == 200 ? answer->body : std::string();
}

std::optional<double> RealPrometheus::query(const std::string& expression,
                                            std::optional<double> at) const {
    const std::string time = at ? fmt::format("&time={:.3f}", *at) : "";
    const std::string body = get("/api/v1/query?query=" + percent_encode(expression) + time);
    if (body.empty()) {
        return std::nullopt;
    }
    const json::value parsed = json::parse(body);
    const json::array& result = parsed.at("data").at("result").as_array();
    if (result.size() != 1) {
        return std::nullopt;
    }
    return std::stod(std::string(result[0].at("value").at(1).as_string()));
}

bool RealPrometheus::reaches(const std::string& expression, double value) const {
    for (const auto until = Clock::now() + kPatience; Clock::now() < until;) {
        if (query(expression) == value) {
            return true;
        }
        std::this_thread::sleep_for(50ms);
    }
    return false;
}

std::string promql_quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        out += (c == '"' || c == '\\') ? std::string{'\\', c} : std::string{c};
    }
    return out + "\"";
}

}  // namespace plimsoll::test
