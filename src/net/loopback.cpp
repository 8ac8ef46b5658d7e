#include "net/loopback.hpp"

#include "net/http_message.hpp"

#include <string>

#include <boost/asio/ip/address.hpp>

namespace plimsoll {

bool is_loopback(std::string_view name) {
    boost::system::error_code no_address;
    const auto address = boost::asio::ip::make_address(std::string(name), no_address);
    return no_address ? equal_ignoring_case(name, "localhost") : address.is_loopback();
}

}  // namespace plimsoll
