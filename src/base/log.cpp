#include "base/log.hpp"

#include "base/shown_text.hpp"

#include <memory>
#include <utility>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

namespace plimsoll {
namespace {

/// A message as shown_line makes it: what a server or a database said may be in it.
class ShownMessage final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
                spdlog::memory_buf_t& to) override {
        const std::string text = shown_line({message.payload.data(), message.payload.size()});
        to.append(text.data(), text.data() + text.size());
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<ShownMessage>();
    }
};

}  // namespace

void init_logging(Verbosity verbosity) {
    auto logger = spdlog::stderr_color_mt("plimsoll");
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<ShownMessage>('*').set_pattern("%H:%M:%S.%e %^%l%$ %*");
    logger->set_formatter(std::move(formatter));
    switch (verbosity) {
        case Verbosity::Quiet:
            logger->set_level(spdlog::level::err);
            break;
        case Verbosity::Normal:
            logger->set_level(spdlog::level::warn);
            break;
        case Verbosity::Verbose:
            logger->set_level(spdlog::level::debug);
            break;
    }
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace plimsoll
