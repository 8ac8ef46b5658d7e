// Requests and what is expected of their responses, from the script's values.
#pragma once

#include "import/script/interpreter.hpp"

#include <string>

namespace plimsoll::import::script {

struct RequestParts {
    enum class As : std::uint8_t { Nothing, Auto, Json, Form };
    int line = 0;
    std::string method;  // as the script has it
    Value url;
    Value body;
    As as = As::Auto;  // what a map becomes: Auto and Form a form
    Value headers;     // a Map, or nothing
    Value query;       // a Map, or nothing
    Value name;
    std::string base;  // template text: what a path without host belongs to; empty: the target
};

/// Emits the step. nullptr where it cannot be known what would be sent; then there is a remark in
/// its place.
[[nodiscard]] RequestPtr make_request(Interpreter& interpreter, const RequestParts& parts);

/// Puts a condition on responses into the requests' expectations. False: it cannot be said there,
/// and nothing was changed.
[[nodiscard]] bool expect(const Value& condition);

/// GET, Post ... as a step's key; "" for what is no method of ours.
[[nodiscard]] std::string method_key(std::string_view method);

}  // namespace plimsoll::import::script
