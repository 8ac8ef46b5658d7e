#include "net/host_check.hpp"

#include "net/http_message.hpp"
#include "net/loopback.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <unistd.h>

#include <boost/asio/ip/address.hpp>

namespace plimsoll::net {
namespace {

namespace ip = boost::asio::ip;

/// Without its port, and an IPv6 address without its brackets.
std::string_view name_of(std::string_view host) {
    if (host.starts_with('[')) {
        return host.substr(1, host.find(']') - 1);
    }
    return host.substr(0, host.rfind(':'));
}

bool is_address(std::string_view name) {
    boost::system::error_code no_address;
    static_cast<void>(ip::make_address(std::string(name), no_address));
    return !no_address;
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> names;
    while (!list.empty()) {
        const std::string_view name = list.substr(0, list.find(','));
        list.remove_prefix(std::min(name.size() + 1, list.size()));
        const auto first = name.find_first_not_of(' ');
        if (first != std::string_view::npos) {
            names.emplace_back(name.substr(first, name.find_last_not_of(' ') - first + 1));
        }
    }
    return names;
}

}  // namespace

HostCheck::HostCheck(bool on, std::string_view address)
    : on_(on), loopback_(is_loopback(address)), address_(address) {
    if (const char* const more = std::getenv("PLIMSOLL_ALLOWED_HOSTS")) {
        names_ = split(more);
    }
    std::array<char, 256> own{};
    if (!loopback_ && ::gethostname(own.data(), own.size() - 1) == 0) {
        names_.emplace_back(own.data());
    }
}

bool HostCheck::accept(const std::string* host) const {
    if (!on_ || host == nullptr || host->empty()) {
        return true;
    }
    const std::string_view name = name_of(*host);
    if (is_loopback(name) || name == address_ || (!loopback_ && is_address(name))) {
        return true;
    }
    return std::any_of(names_.begin(), names_.end(), [&](const std::string& each) {
        return each == "*" || equal_ignoring_case(each, name);
    });
}

}  // namespace plimsoll::net
