#include "exporters/otlp/otlp_http.hpp"

#include "base/random.hpp"
#include "net/http_client.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <memory>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>
#include <zlib.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kExcerpt = 200;
constexpr std::size_t kShortestSecret = 4;  // shorter values would blot out ordinary words

}  // namespace

Result<OtlpTransport> http_transport(const OtlpOptions& options) {
    HttpClientOptions client_options;
    client_options.ca_file = options.certificate_file;
    client_options.cert_file = options.client_certificate_file;
    client_options.key_file = options.client_key_file;
    auto client = HttpClient::create(options.endpoint, std::move(client_options));
    if (!client) {
        return client.error();
    }
    // A function object has to be copyable, a client is not.
    auto shared = std::make_shared<HttpClient>(std::move(client).value());
    return OtlpTransport([shared](const HttpRequest& request, Clock::time_point deadline) {
        return shared->send(request, deadline);
    });
}

HttpRequest make_otlp_request(const OtlpOptions& options, std::string body) {
    HttpRequest out;
    out.method = "POST";
    out.target = options.endpoint.target;
    out.headers = {{"Content-Type", "application/x-protobuf"}, {"User-Agent", "plimsoll"}};
    out.body = options.gzip ? gzip(body) : std::move(body);
    if (options.gzip) {
        out.headers.push_back({"Content-Encoding", "gzip"});
    }
    out.headers.insert(out.headers.end(), options.headers.begin(), options.headers.end());
    return out;
}

std::string gzip(std::string_view data) {
    z_stream stream{};
    constexpr int kGzipFraming = 16;
    deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzipFraming, 8,
                 Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, static_cast<uLong>(data.size())), '\0');
    std::string input(data);  // zlib's input pointer is not const
    stream.next_in = static_cast<Bytef*>(static_cast<void*>(input.data()));
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = static_cast<Bytef*>(static_cast<void*>(out.data()));
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

OtlpVerdict judge(int status) {
    if (status >= 200 && status < 300) {
        return OtlpVerdict::Accepted;
    }
    const bool passing = status == 429 || status == 502 || status == 503 || status == 504;
    return passing ? OtlpVerdict::Retry : OtlpVerdict::Refused;
}

PartialSuccess read_partial_success(std::string_view body) {
    PartialSuccess out;
    try {
        protozero::pbf_reader response(body.data(), body.size());
        while (response.next(1, protozero::pbf_wire_type::length_delimited)) {
            protozero::pbf_reader partial = response.get_message();
            while (partial.next()) {
                if (partial.tag_and_type() ==
                    protozero::tag_and_type(1, protozero::pbf_wire_type::varint)) {
                    out.rejected_spans =
                        static_cast<std::uint64_t>(std::max<std::int64_t>(0, partial.get_int64()));
                } else if (partial.tag_and_type() ==
                           protozero::tag_and_type(2, protozero::pbf_wire_type::length_delimited)) {
                    out.message = partial.get_string();
                } else {
                    partial.skip();
                }
            }
        }
    } catch (const protozero::exception&) {
        return {};
    }
    return out;
}

std::string read_error_message(std::string_view body) {
    try {
        protozero::pbf_reader status(body.data(), body.size());
        std::string message;
        while (status.next()) {
            if (status.tag_and_type() ==
                protozero::tag_and_type(2, protozero::pbf_wire_type::length_delimited)) {
                message = status.get_string();
            } else {
                status.skip();
            }
        }
        return message;
    } catch (const protozero::exception&) {
        return {};
    }
}

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

Nanoseconds retry_wait(unsigned attempt, std::optional<Nanoseconds> asked, std::uint64_t seed) {
    if (asked) {
        return std::min(*asked, kLongestWait);
    }
    const Nanoseconds full =
        std::min<Nanoseconds>(1s * (1U << std::min(attempt, 6U)), kLongestWait);
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
