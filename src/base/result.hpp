// Expected failure as a value. C++20 has no std::expected; this is the part of it we use.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace plimsoll {

/// Why something that can be expected to fail did fail. Shown to people: `what` says what is wrong
/// and what it should be, `where` names the place (file:line:column, address, table ...), `hint`
/// the next thing to try. Both of the latter may be empty. Never contains a secret.
struct Error {
    std::string what;
    std::string where = {};
    std::string hint = {};

    /// "where: what (hint)", leaving out what is empty.
    [[nodiscard]] std::string to_string() const {
        std::string text = where.empty() ? what : where + ": " + what;
        return hint.empty() ? text : text + " (" + hint + ")";
    }
};

/// Either a T or an Error. Reading the side that is not there breaks an invariant and asserts.
template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value)
        : state_(std::in_place_index<0>, std::move(value)) {
    }  // NOLINT(google-explicit-constructor)
    Result(Error error)
        : state_(std::in_place_index<1>, std::move(error)) {
    }  // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return ok(); }

    [[nodiscard]] T& value() & {
        assert(ok());
        return *std::get_if<0>(&state_);
    }
    [[nodiscard]] const T& value() const& {
        assert(ok());
        return *std::get_if<0>(&state_);
    }
    [[nodiscard]] T&& value() && {
        assert(ok());
        return std::move(*std::get_if<0>(&state_));
    }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    [[nodiscard]] const Error& error() const {
        assert(!ok());
        return *std::get_if<1>(&state_);
    }

private:
    std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error)
        : error_(std::move(error)), failed_(true) {}  // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool ok() const noexcept { return !failed_; }
    explicit operator bool() const noexcept { return ok(); }
    [[nodiscard]] const Error& error() const {
        assert(failed_);
        return error_;
    }

private:
    Error error_;
    bool failed_ = false;
};

using Status = Result<void>;

}  // namespace plimsoll
