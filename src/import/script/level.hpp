// Private to the interpreter: how far it goes.
#pragma once

#include "import/script/interpreter.hpp"

namespace plimsoll::import::script {

/// Counts how deep and how long the interpreter has been at it.
class Interpreter::Level {
public:
    explicit Level(Interpreter& interpreter) : interpreter_(interpreter) {
        ++interpreter_.level_;
        ++interpreter_.work_;
    }
    ~Level() { --interpreter_.level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

    [[nodiscard]] bool too_far() const {
        constexpr int kDeepestLevel = 1'500;
        constexpr std::size_t kMostWork = 150'000;
        if (interpreter_.work_ == kMostWork) {
            interpreter_.plan_.note(0, "the script goes on for too long: the rest is not followed");
        }
        return interpreter_.level_ > kDeepestLevel || interpreter_.work_ >= kMostWork;
    }

private:
    Interpreter& interpreter_;
};

}  // namespace plimsoll::import::script
