// The functions of an expression that give text.
#include "scenario/digest.hpp"
#include "scenario/evaluation.hpp"
#include "scenario/text_functions.hpp"

#include <algorithm>
#include <limits>

namespace plimsoll {

bool Evaluation::append_random_text(const Node& node, std::string& out) {
    constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    constexpr std::int64_t kLongest = 1 << 20;
    std::int64_t length = 0;
    if (!integer(node.arguments[0], length, out)) {
        return false;
    }
    if (length < 0 || length > kLongest) {
        return fails("the length must be from 0 to 1048576");
    }
    for (; length > 0; --length) {
        out += kLetters[random_.between(0, kLetters.size() - 1)];
    }
    return true;
}

bool Evaluation::append_text_function(const Node& node, std::string& out) {
    const std::size_t begin = out.size();
    if (!append(node.arguments[0], out)) {
        return false;
    }
    switch (node.op) {
        case Op::Base64:
        case Op::Base64Url:
            append_base64(begin, node.op == Op::Base64Url, out);
            return true;
        case Op::Sha256: {
            const std::size_t end = out.size();
            append_digest(Digest::Sha256, std::string_view(out).substr(begin), out);
            out.erase(begin, end - begin);
            return true;
        }
        case Op::Hmac:
            return hmac(node, begin, out);
        case Op::UrlEncode:
            percent_encode(begin, &is_unreserved, out);
            return true;
        case Op::Upper:
        case Op::Lower:
            change_case(begin, node.op == Op::Upper, out);
            return true;
        case Op::Trim:
            trim(begin, out);
            return true;
        case Op::Substr:
            return substr(node, begin, out);
        case Op::Replace:
            return replace(node, begin, out);
        default:
            break;
    }
    return fails("is not known");
}

bool Evaluation::hmac(const Node& node, std::size_t begin, std::string& out) {
    const std::size_t text = out.size();
    if (!append(node.arguments[1], out)) {
        return false;
    }
    const std::size_t end = out.size();
    const std::string_view all = out;
    append_hmac(static_cast<Digest>(node.id), all.substr(begin, text - begin), all.substr(text),
                out);
    out.erase(begin, end - begin);
    return true;
}

bool Evaluation::substr(const Node& node, std::size_t begin, std::string& out) {
    std::int64_t from = 0;
    std::int64_t count = std::numeric_limits<std::int64_t>::max();
    if (!integer(node.arguments[1], from, out) ||
        (node.arguments.size() > 2 && !integer(node.arguments[2], count, out))) {
        return false;
    }
    const std::string_view text = std::string_view(out).substr(begin);
    if (from < 0) {  // from the end
        from = std::max<std::int64_t>(0, static_cast<std::int64_t>(characters_in(text)) +
                                             std::max<std::int64_t>(from, -(1LL << 60)));
    }
    const std::string_view kept = slice(text, static_cast<std::size_t>(from),
                                        static_cast<std::size_t>(std::max<std::int64_t>(0, count)));
    const auto offset = static_cast<std::size_t>(kept.data() - out.data());
    const std::size_t length = kept.size();
    out.resize(offset + length);
    out.erase(begin, offset - begin);
    return true;
}

bool Evaluation::replace(const Node& node, std::size_t begin, std::string& out) {
    const std::size_t what = out.size();
    if (!append(node.arguments[1], out)) {
        return false;
    }
    const std::size_t with = out.size();
    if (!append(node.arguments[2], out)) {
        return false;
    }
    const std::size_t end = out.size();
    const std::size_t what_size = with - what;
    std::size_t at = begin;
    while (at < what) {
        if (out.size() - base_ > kLongestValue) {
            return fails(kTooLong);
        }
        const bool hit = what_size > 0 && at + what_size <= what &&
                         out.compare(at, what_size, out, what, what_size) == 0;
        if (hit) {
            out.append(out, with, end - with);
            at += what_size;
        } else {
            out += out[at++];
        }
    }
    out.erase(begin, end - begin);
    return true;
}

}  // namespace plimsoll
