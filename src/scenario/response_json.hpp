// Private to scenario: a response's body as JSON.
#pragma once

#include "scenario/exact_json.hpp"
#include "scenario/response.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>

namespace plimsoll {

/// The body, parsed when first asked for. Small ones need no memory but this.
struct ResponseReader::Json {
    enum class State : std::uint8_t { Unread, Good, Bad };

    void forget() {
        value.reset();
        parser.forget();  // what a failed parse left there stands in the arena
        // A new one: release() alone keeps the block size, which doubles with each body that does
        // not fit into `memory`, until there is no such block.
        arena.emplace(memory.data(), memory.size());
        state = State::Unread;
    }

    const boost::json::value* parse(std::string_view body) {
        if (state != State::Unread) {
            return state == State::Good ? &*value : nullptr;
        }
        state = State::Bad;
        boost::json::error_code code;
        value.emplace(parser.parse(body, &*arena, code, bad_at));
        if (code) {
            error = code;
            return nullptr;
        }
        state = State::Good;
        return &*value;
    }

    static constexpr std::size_t kMaxDepth = 256;
    std::array<unsigned char, 16U << 10U> memory{};
    std::array<unsigned char, 4U << 10U> stack{};
    std::optional<boost::json::monotonic_resource> arena{std::in_place, memory.data(),
                                                         memory.size()};
    ExactJsonParser parser{stack.data(), stack.size(), kMaxDepth};
    std::optional<boost::json::value> value;
    State state = State::Unread;
    boost::json::error_code error;
    std::size_t bad_at = 0;
};

}  // namespace plimsoll
