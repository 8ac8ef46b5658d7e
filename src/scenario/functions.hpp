// The functions that expressions may call.
#pragma once

#include "scenario/expression.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace plimsoll {

struct FunctionInfo {
    std::string_view name;
    Expression::Op op;
    std::size_t least;  // arguments
    std::size_t most;
    std::string_view example;
};
inline constexpr std::size_t kAnyNumber = 100;
inline constexpr std::array kFunctions{
    FunctionInfo{"uuid", Expression::Op::Uuid, 0, 0, "${uuid()}"},
    FunctionInfo{"random_int", Expression::Op::RandomInt, 2, 2, "${random_int(1,100)}"},
    FunctionInfo{"random_choice", Expression::Op::RandomChoice, 1, kAnyNumber,
                 "${random_choice('red','green')}"},
    FunctionInfo{"random_text", Expression::Op::RandomText, 1, 1, "${random_text(8)}"},
    FunctionInfo{"now", Expression::Op::Now, 0, 1, "${now('iso')}"},
    FunctionInfo{"base64", Expression::Op::Base64, 1, 1, "${base64('user:word')}"},
    FunctionInfo{"base64url", Expression::Op::Base64Url, 1, 1, "${base64url(token)}"},
    FunctionInfo{"sha256", Expression::Op::Sha256, 1, 1, "${sha256(token)}"},
    FunctionInfo{"hmac", Expression::Op::Hmac, 2, 3, "${hmac('sha256', key, text)}"},
    FunctionInfo{"urlencode", Expression::Op::UrlEncode, 1, 1, "${urlencode(name)}"},
    FunctionInfo{"upper", Expression::Op::Upper, 1, 1, "${upper(name)}"},
    FunctionInfo{"lower", Expression::Op::Lower, 1, 1, "${lower(name)}"},
    FunctionInfo{"trim", Expression::Op::Trim, 1, 1, "${trim(name)}"},
    FunctionInfo{"substr", Expression::Op::Substr, 2, 3, "${substr(id, 0, 8)}"},
    FunctionInfo{"replace", Expression::Op::Replace, 3, 3, "${replace(id, '-', '')}"},
    FunctionInfo{"concat", Expression::Op::Concat, 1, kAnyNumber,
                 "${concat(user, '-', iteration)}"},
    FunctionInfo{"length", Expression::Op::Length, 1, 1, "${length(name)}"},
    FunctionInfo{"int", Expression::Op::Int, 1, 1, "${int(price)}"},
    FunctionInfo{"round", Expression::Op::Round, 1, 1, "${round(price)}"},
    FunctionInfo{"min", Expression::Op::Min, 2, 2, "${min(n, 10)}"},
    FunctionInfo{"max", Expression::Op::Max, 2, 2, "${max(n, 0)}"},
    FunctionInfo{"default", Expression::Op::Default, 2, 2, "${default(token, 'none')}"},
};
inline constexpr std::array<std::string_view, 4> kTimeForms{"unix", "unix_ms", "iso", "unix_ns"};

}  // namespace plimsoll
