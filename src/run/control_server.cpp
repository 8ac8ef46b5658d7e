#include "run/control_server.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;

HttpResponse refusal(int code, const Error& error) {
    return make_response(code, "application/json",
                         json::serialize(json::object{{"error", error.to_string()}}) + '\n');
}

Result<Rate> read_rate(const json::value& value) {
    if (value.is_string()) {
        auto rate = parse_rate(std::string(value.as_string()));
        return rate ? rate : Result<Rate>(Error{rate.error().what, "rate", rate.error().hint});
    }
    constexpr double kHighest = 1e9;
    const double number = value.is_number() ? value.to_number<double>() : -1;
    if (!(number >= 0 && number <= kHighest)) {
        return Error{"must be a number of arrivals per second, or a text as \"200/s\"", "rate",
                     R"(e.g. {"rate": 200})"};
    }
    return Rate::per_second(number);
}

Result<std::uint32_t> read_vus(const json::value& value) {
    const double number = value.is_number() ? value.to_number<double>() : -1;
    constexpr double kMost = std::numeric_limits<std::uint32_t>::max();
    if (!(number >= 0 && number <= kMost) || number != std::floor(number)) {
        return Error{"must be a whole number of users", "vus", R"(e.g. {"vus": 50})"};
    }
    return static_cast<std::uint32_t>(number);
}

Result<std::string> read_note(const json::value& value) {
    std::string note = value.is_string() ? std::string(value.get_string()) : std::string();
    const bool plain = std::none_of(note.begin(), note.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20U || c == 0x7f;
    });
    const bool says_something = note.find_first_not_of(' ') != std::string::npos;
    if (!plain || !says_something || note.size() > kLongestNote) {
        return Error{fmt::format("must be a text of one line, at most {} bytes", kLongestNote),
                     "note", R"(e.g. {"note": "deployed v2"})"};
    }
    return note;
}

Status read_key(std::string_view key, const json::value& value, ControlRequest& request) {
    if (key == "rate") {
        const auto rate = read_rate(value);
        if (!rate) {
            return rate.error();
        }
        request.rate = *rate;
    } else if (key == "vus") {
        const auto vus = read_vus(value);
        if (!vus) {
            return vus.error();
        }
        request.vus = *vus;
    } else if (key == "paused" && value.is_bool()) {
        request.paused = value.as_bool();
    } else if (key == "note") {
        auto note = read_note(value);
        if (!note) {
            return note.error();
        }
        request.note = *std::move(note);
    } else if (key == "executor" && value.is_string()) {
        request.executor = std::string(value.as_string());
    } else if (key == "stopped" && value.is_bool() && value.as_bool()) {
        request.stop = true;
    } else {
        return Error{"cannot be set so", std::string(key),
                     "executor (its name), rate, vus, paused, note and stopped (true) can be set"};
    }
    return {};
}

HttpResponse answer(const HttpRequest& request, const ControlServer::StatusText& status,
                    const ControlServer::Apply& apply) {
    if (request.path() != "/v1/status") {
        return refusal(404, {"there is only /v1/status", request.target, ""});
    }
    // A browser says who asks; no page may steer a load.
    if (find_header(request.headers, "Origin") != nullptr) {
        return refusal(403, {"requests of web pages are not taken", {}, ""});
    }
    if (request.method == "PATCH") {
        const auto asked = read_control_request(request.body);
        if (!asked) {
            return refusal(400, asked.error());
        }
        if (const Status applied = apply(*asked); !applied) {
            return refusal(409, applied.error());
        }
    } else if (request.method != "GET") {
        return refusal(405, {"GET and PATCH are taken here", request.method, ""});
    }
    return make_response(200, "application/json", status() + '\n');
}

}  // namespace

Result<ControlRequest> read_control_request(const std::string& body) {
    boost::system::error_code code;
    const json::value parsed = json::parse(body, code);
    if (code || !parsed.is_object()) {
        return Error{"must be a JSON object", "the request's body", R"(e.g. {"rate": 200})"};
    }
    ControlRequest request;
    for (const auto& [key, value] : parsed.as_object()) {
        if (const Status read = read_key(key, value, request); !read) {
            return read.error();
        }
    }
    if (request.rate.has_value() && request.vus.has_value()) {
        return Error{"cannot be set both", "rate and vus", "an executor has one or the other"};
    }
    if (request.paused && (request.rate || request.vus)) {
        return Error{"cannot be set with rate or vus", "paused",
                     "a level that is set ends a pause"};
    }
    if (!request.rate && !request.vus && !request.paused && !request.note && !request.stop) {
        return Error{"asks for nothing", "the request's body", R"(e.g. {"rate": 200})"};
    }
    return request;
}

Result<ControlServer> ControlServer::start(const std::string& address, std::uint16_t port,
                                           StatusText status, Apply apply) {
    HttpServerOptions options = own_port_options(address, port);
    options.max_body_bytes = 64U << 10U;
    auto server = HttpServer::start(options, [status = std::move(status), apply = std::move(apply)](
                                                 const HttpRequest& request, Responder responder) {
        responder.send(answer(request, status, apply));
    });
    if (!server) {
        return server.error();
    }
    return ControlServer(std::move(*server));
}

}  // namespace plimsoll
