#include "base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

namespace plimsoll {

void init_logging(Verbosity verbosity) {
    auto logger = spdlog::stderr_color_mt("plimsoll");
    logger->set_pattern("%H:%M:%S.%e %^%l%$ %v");
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
