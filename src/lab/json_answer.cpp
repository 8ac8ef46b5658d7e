#include "lab/json_answer.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

namespace plimsoll {

HttpResponse json_error(int status, std::string_view message) {
    const boost::json::string text(message.data(), message.size());
    return make_response(status, "application/json",
                         "{\"error\":" + boost::json::serialize(text) + "}");
}

HttpResponse json_answer(int status, std::string body) {
    return make_response(status, "application/json", std::move(body));
}

}  // namespace plimsoll
