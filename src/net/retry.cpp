#include "net/retry.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace plimsoll {
namespace {

constexpr std::size_t kExcerpt = 200;
constexpr std::size_t kShortestSecret = 4;  // shorter values would blot out ordinary words

}  // namespace

std::optional<Nanoseconds> read_retry_after(std::string_view text, WallClock::time_point now) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (!text.empty() && error == std::errc() && end == text.data() + text.size()) {
        constexpr std::int64_t kEnough = 1'000'000'000;  // no overflow in nanoseconds
        return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kEnough));
    }
    std::tm date{};
    const std::string copy(text);
    const char* rest = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
    if (rest == nullptr || *rest != '\0') {
        return std::nullopt;
    }
    const auto wait = WallClock::from_time_t(timegm(&date)) - now;
    return std::max<Nanoseconds>(Nanoseconds(0), wait);
}

std::optional<Nanoseconds> asked_to_wait(const HttpResponse& reply) {
    const std::string* text = find_header(reply.headers, "Retry-After");
    return text == nullptr ? std::nullopt : read_retry_after(*text, WallClock::now());
}

Nanoseconds retry_wait(unsigned attempt, std::optional<Nanoseconds> asked, std::uint64_t seed,
                       Nanoseconds first) {
    if (asked) {
        return std::min(*asked, kLongestWait);
    }
    const Nanoseconds full =
        std::min<Nanoseconds>(first * (1U << std::min(attempt, 6U)), kLongestWait);
    Random random(seed, attempt, 0);
    return std::chrono::duration_cast<Nanoseconds>(full * (1 - 0.25 * random.uniform()));
}

std::string safe_excerpt(std::string_view text, const HttpHeaders& headers) {
    std::string out(text);
    for (const auto& [name, value] : headers) {
        if (value.size() < kShortestSecret) {
            continue;
        }
        for (std::size_t at = out.find(value); at != std::string::npos; at = out.find(value, at)) {
            out.replace(at, value.size(), "***");
        }
    }
    std::replace_if(
        out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c > 0x7E; }, '.');
    return out.substr(0, kExcerpt);
}

}  // namespace plimsoll
