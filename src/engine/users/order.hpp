// What users want done on their connections: all that the users' room says to the one that has
// them.
#pragma once

#include "engine/users/user.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace plimsoll {

struct Order {
    enum class Kind : std::uint8_t {
        /// Send step `step` of the user's class, due at `due`; then Users::on_done, or
        /// Users::on_unrendered where it cannot be written.
        Send,
        /// Give up what is under way and close all connections; then Users::on_cut_off.
        CutOff,
        /// The user has gone: close its connections.
        Close
    };
    Kind kind = Kind::Send;
    bool parallel = false;  // one of several at once: any idle connection will do
    std::uint32_t step = 0;
    User* user = nullptr;
    Clock::time_point due = {};
};

/// First in, first out. Its memory serves again once it has been emptied.
class Orders {
public:
    void add(const Order& order) {
        if (added_ == orders_.size()) [[unlikely]] {
            orders_.resize(2 * added_ + 8);
        }
        orders_[added_++] = order;
    }
    /// False: there is none.
    [[nodiscard]] bool take(Order& order) noexcept {
        if (taken_ == added_) {
            taken_ = added_ = 0;
            return false;
        }
        order = orders_[taken_++];
        return true;
    }

private:
    std::vector<Order> orders_;  // of which those from taken_ to added_ wait
    std::size_t taken_ = 0;
    std::size_t added_ = 0;
};

}  // namespace plimsoll
