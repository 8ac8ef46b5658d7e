#include "tests/support/response_trial.hpp"

#include "base/random.hpp"
#include "engine/http1/content_decoder.hpp"
#include "engine/http1/cookie_jar.hpp"
#include "engine/transport/origin.hpp"
#include "scenario/parse.hpp"
#include "scenario/response.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <tuple>

#include <fmt/format.h>

namespace plimsoll::test {
namespace {

using State = ResponseParser::State;

void expect(bool holds, std::string_view what, std::string& fault) {
    if (!holds && fault.empty()) {
        fault = what;
    }
}

auto parts(const Reading& reading) {
    const KeptResponse& kept = reading.kept;
    return std::tie(reading.end, reading.status, reading.keep_alive, reading.consumed,
                    reading.body_bytes, reading.error_body, kept.headers, kept.body, kept.encoding,
                    kept.location, kept.cookies);
}

Reading result_of(const ResponseParser& parser, std::size_t consumed) {
    Reading reading;
    reading.end = Reading::End::Whole;
    reading.status = parser.status();
    reading.keep_alive = parser.keep_alive();
    reading.consumed = consumed;
    reading.body_bytes = parser.body_bytes();
    reading.error_body = parser.error_body();
    if (const KeptResponse* const kept = parser.kept()) {
        reading.kept = *kept;
    }
    return reading;
}

Reading broken(const ResponseParser& parser, std::string& fault) {
    expect(!parser.failure().empty(), "a failure without words", fault);
    Reading reading;
    reading.end = Reading::End::Broken;
    return reading;
}

void try_body(const Reading& reading, std::string& fault) {
    std::string body = reading.kept.body;
    const Status decoded = decode_content(reading.kept.encoding, body, kTrialMaxBody);
    expect(body.size() <= kTrialMaxBody, "a body beyond the limit", fault);
    expect(decoded.ok() || !decoded.error().what.empty(), "a decoder's failure without words",
           fault);
    static const std::array<Selector, 6> kSelectors{
        *Selector::compile(Selector::Kind::JsonPointer, "/a/0"),
        *Selector::compile(Selector::Kind::JsonPath, "$.a[?(@.b == 'c')].d"),
        *Selector::compile(Selector::Kind::Regex, "a=([0-9]+)"),
        *Selector::compile(Selector::Kind::Header, "Content-Type"),
        *Selector::compile(Selector::Kind::Cookie, "a"),
        *Selector::compile(Selector::Kind::Body, "")};
    static ResponseReader reader;
    ResponseView view;
    view.status = reading.status;
    view.header_block = reading.kept.headers;
    view.body = body;
    view.body_bytes = reading.body_bytes;
    reader.reset(view);
    for (const Selector& selector : kSelectors) {
        Variable value;
        std::string why;
        expect(selector.select(reader, value, why) || !why.empty(), "a capture without a reason",
               fault);
    }
}

void try_cookies(const Reading& reading, std::string& fault) {
    constexpr std::int64_t kNow = 1'700'000'000;
    CookieJar jar;
    for (const std::string& cookie : reading.kept.cookies) {
        jar.set(cookie, {"www.example.test", "/a/b", true}, kNow);
    }
    std::string header;
    jar.append_header({"www.example.test", "/a/b/c", true}, kNow, header);
    if (header.empty()) {
        return;
    }
    expect(header.starts_with("Cookie: ") && header.ends_with("\r\n"), "no Cookie header", fault);
    const std::string_view line(header.data(), header.size() - 2);
    expect(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
           "a cookie that splits the request", fault);
}

void try_redirect(const Reading& reading, std::string& fault) {
    if (reading.kept.location.empty()) {
        return;
    }
    expect(reading.status >= 300 && reading.status < 400, "a redirect without its status", fault);
    static const TargetUrl kOrigin = *parse_target("http://www.example.test:8080");
    const auto next = resolve_reference(kOrigin, "/a/b?c", reading.kept.location);
    if (!next) {
        return;
    }
    const auto clean = [](std::string_view text) {
        return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    };
    expect(next->target.starts_with('/') && clean(next->target), "a target that splits a request",
           fault);
    const std::string host = next->origin.host_header();
    expect(!host.empty() && clean(host), "a host that splits a request", fault);
    const std::string url = next->origin.scheme + "://" + host + next->target;
    const auto again = split_url(url);
    expect(again && again->target == next->target && again->origin.host == next->origin.host &&
               again->origin.port == next->origin.port,
           "a redirect that cannot be said as a URL: " + url, fault);
}

/// FNV-1a: the same bytes are always cut the same way.
std::uint64_t hash_of(std::string_view bytes) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : bytes) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return hash;
}

Reading read_all_ways(std::string_view bytes, const ResponseKeep& keep, std::string& fault) {
    Reading whole = read_in_pieces(
        bytes, keep, [&] { return bytes.size(); }, fault);
    const auto agree = [&](const std::function<std::size_t()>& next_size, const char* how) {
        expect(read_in_pieces(bytes, keep, next_size, fault).agrees_with(whole),
               fmt::format("another result {}", how), fault);
    };
    agree([] { return std::size_t{1}; }, "byte by byte");
    Random random(hash_of(bytes), 1, 1);
    for (const std::uint64_t longest : {4U, 64U, 1024U}) {
        agree([&] { return random.between(1, longest); }, "in pieces");
    }
    return whole;
}

}  // namespace

bool Reading::agrees_with(const Reading& other) const {
    if (end != End::Whole && other.end != End::Whole) {
        return true;
    }
    return parts(*this) == parts(other);
}

Reading read_in_pieces(std::string_view bytes, const ResponseKeep& keep,
                       const std::function<std::size_t()>& next_size, std::string& fault) {
    ResponseParser parser;
    parser.reset(keep);
    // A copy of exactly what is offered, so that a sanitizer sees any byte read beyond it.
    std::string waiting;
    std::size_t consumed = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::string_view piece = bytes.substr(at, next_size());
        at += piece.size();
        waiting.append(piece);
        waiting.shrink_to_fit();
        const auto progress = parser.feed(waiting);
        expect(progress.consumed <= waiting.size(), "more consumed than offered", fault);
        consumed += progress.consumed;
        waiting.erase(0, progress.consumed);
        switch (progress.state) {
            case State::Done:
                return result_of(parser, consumed);
            case State::Failed:
                return broken(parser, fault);
            case State::NeedMore:
                break;
        }
        expect(parser.body_bytes() <= keep.max_body, "more of a body than allowed", fault);
    }
    return parser.feed_end() == State::Done ? result_of(parser, consumed) : Reading();
}

Trial try_response(std::string_view bytes) {
    Trial trial;
    ResponseKeep keep{false, true, true, true, true, kTrialMaxBody};
    trial.got = read_all_ways(bytes, keep, trial.fault);
    if (trial.got.end == Reading::End::Whole) {
        try_body(trial.got, trial.fault);
        try_cookies(trial.got, trial.fault);
        try_redirect(trial.got, trial.fault);
    }
    keep.head = true;
    const Reading head = read_all_ways(bytes, keep, trial.fault);
    expect(head.kept.body.empty() && head.body_bytes == 0, "a body after HEAD", trial.fault);
    // Without anything kept the same bytes are one response.
    const Reading bare = read_in_pieces(
        bytes, {.max_body = kTrialMaxBody}, [&] { return bytes.size(); }, trial.fault);
    expect(bare.end == trial.got.end && bare.consumed == trial.got.consumed,
           "another result where nothing is kept", trial.fault);
    return trial;
}

std::map<std::string, std::string> response_corpus(const std::filesystem::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream in(entry.path(), std::ios::binary);
        files[entry.path().filename().string()] = {std::istreambuf_iterator<char>(in),
                                                   std::istreambuf_iterator<char>()};
    }
    return files;
}

void damage_response(std::string& bytes, std::string_view other, Random& random) {
    using namespace std::string_view_literals;
    constexpr std::array kPieces{"\r\n"sv,
                                 "\r\n\r\n"sv,
                                 "\n"sv,
                                 "\0"sv,
                                 "0\r\n\r\n"sv,
                                 "ffffffff"sv,
                                 "99999999999999999999"sv,
                                 "Content-Length: 3\r\n"sv,
                                 "Transfer-Encoding: chunked\r\n"sv,
                                 "HTTP/1.1 100 Continue\r\n\r\n"sv,
                                 "HTTP/1.0 302 Found\r\nLocation: /x\r\n"sv,
                                 "Content-Encoding: gzip\r\n"sv,
                                 "Set-Cookie: a=b; Path=/; Max-Age=9\r\n"sv,
                                 "\xff"sv,
                                 ":"sv,
                                 ";"sv};
    const std::size_t at = random.between(0, bytes.size());
    const std::size_t length = std::min<std::size_t>(random.between(1, 20), bytes.size() - at);
    switch (random.between(0, 5)) {
        case 0:
            bytes.erase(at, length);
            break;
        case 1:
            bytes.insert(at, kPieces[random.between(0, kPieces.size() - 1)]);
            break;
        case 2:
            bytes.insert(random.between(0, bytes.size()), bytes.substr(at, length));
            break;
        case 3:
            if (at < bytes.size()) {
                bytes[at] = static_cast<char>(random.between(0, 255));
            }
            break;
        case 4:
            bytes.resize(at);
            break;
        default:
            bytes.insert(at, other.substr(random.between(0, other.size()), 100));
    }
}

}  // namespace plimsoll::test
