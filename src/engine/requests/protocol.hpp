// The protocols that an exchange can speak.
#pragma once

#include "engine/http1/http1.hpp"

#include <concepts>
#include <string>
#include <string_view>
#include <variant>

namespace plimsoll {

/// What a protocol must give: it reads a response from bytes, and says what it was.
template <typename T>
concept ReadsResponses = requires(T protocol, const ResponseKeep& keep, std::string_view bytes,
                                  std::string& scratch) {
    protocol.begin(keep);
    { protocol.on_bytes(bytes, scratch) } -> std::same_as<ResponseParser::State>;
    { protocol.on_end() } -> std::same_as<ResponseParser::State>;
    { protocol.failure() } -> std::convertible_to<std::string>;
    { protocol.response() } -> std::same_as<ResponseParser&>;
};

/// One of a closed set: which one is a switch that the compiler sees through, never a virtual call.
/// Another protocol is another alternative here, in a folder of its own.
class Protocol {
public:
    using State = ResponseParser::State;

    /// A response is to come; what of it is kept.
    void begin(const ResponseKeep& keep) {
        std::visit([&](auto& protocol) { protocol.begin(keep); }, speaks_);
    }
    /// NeedMore: it is not whole yet. May use `scratch` until the next call.
    [[nodiscard]] State on_bytes(std::string_view bytes, std::string& scratch) {
        return std::visit([&](auto& protocol) { return protocol.on_bytes(bytes, scratch); },
                          speaks_);
    }
    /// The connection ended. Done only where that marks the response's end.
    [[nodiscard]] State on_end() {
        return std::visit([](auto& protocol) { return protocol.on_end(); }, speaks_);
    }
    /// Why the last bytes Failed.
    [[nodiscard]] std::string failure() {
        return std::visit([](auto& protocol) { return protocol.failure(); }, speaks_);
    }
    [[nodiscard]] ResponseParser& response() {
        return std::visit([](auto& protocol) -> ResponseParser& { return protocol.response(); },
                          speaks_);
    }
    [[nodiscard]] const ResponseParser& response() const {
        return std::visit(
            [](const auto& protocol) -> const ResponseParser& { return protocol.response(); },
            speaks_);
    }

private:
    static_assert(ReadsResponses<Http1>);

    std::variant<Http1> speaks_;
};

}  // namespace plimsoll
