#include "exporters/otlp/otlp_http.hpp"

#include <string>

#include <gmock/gmock.h>
#include <zlib.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

std::string gunzip(std::string data) {
    z_stream stream{};
    inflateInit2(&stream, 16 + MAX_WBITS);
    std::string out(1 << 20, '\0');
    stream.next_in = static_cast<Bytef*>(static_cast<void*>(data.data()));
    stream.avail_in = static_cast<uInt>(data.size());
    stream.next_out = static_cast<Bytef*>(static_cast<void*>(out.data()));
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return out;
}

TEST(Gzip, GivesBackWhatWentIn) {
    std::string text;
    for (int i = 0; i < 10000; ++i) {
        text += static_cast<char>((i * i) % 251);
    }
    EXPECT_EQ(gunzip(gzip(text)), text);
    EXPECT_EQ(gunzip(gzip("")), "");
}

TEST(MakeOtlpRequest, SaysWhatTheBodyIs) {
    OtlpOptions options;
    options.endpoint = parse_url("http://c.test/v1/traces").value();
    options.headers = {{"authorization", "Bearer x"}};
    const HttpRequest plain = make_otlp_request(options, "body");
    EXPECT_EQ(plain.body, "body");
    EXPECT_EQ(plain.method, "POST");
    EXPECT_EQ(plain.target, "/v1/traces");
    EXPECT_EQ(*find_header(plain.headers, "Content-Type"), "application/x-protobuf");
    EXPECT_EQ(*find_header(plain.headers, "authorization"), "Bearer x");
    EXPECT_EQ(find_header(plain.headers, "Content-Encoding"), nullptr);
    options.gzip = true;
    const HttpRequest packed = make_otlp_request(options, "body");
    EXPECT_EQ(gunzip(packed.body), "body");
    EXPECT_EQ(*find_header(packed.headers, "Content-Encoding"), "gzip");
}

TEST(Judge, RetriesOnlyWhatTheProtocolNames) {
    for (int status = 100; status < 600; ++status) {
        const bool retry = status == 429 || status == 502 || status == 503 || status == 504;
        const OtlpVerdict verdict = status / 100 == 2 ? OtlpVerdict::Accepted
                                    : retry           ? OtlpVerdict::Retry
                                                      : OtlpVerdict::Refused;
        EXPECT_EQ(judge(status), verdict) << status;
    }
}

TEST(ReadPartialSuccess, ReadsWhatAnotherEncoderWrote) {
    // protobufjs for {partialSuccess: {rejectedSpans: 3, errorMessage: "x"}}
    const PartialSuccess out = read_partial_success("\x0a\x05\x08\x03\x12\x01x"s);
    EXPECT_EQ(out.rejected_spans, 3U);
    EXPECT_EQ(out.message, "x");
}

TEST(ReadPartialSuccess, TakesAnythingElseAsAllAccepted) {
    for (const std::string& body : {""s, "{}"s, "\x0a\xff"s, "\x0a\x05\x08"s, "<html>"s}) {
        EXPECT_EQ(read_partial_success(body).rejected_spans, 0U);
    }
    // -1 as int64
    EXPECT_EQ(read_partial_success("\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s)
                  .rejected_spans,
              0U);
}

TEST(ReadErrorMessage, ReadsARpcStatusAndNothingElse) {
    EXPECT_EQ(read_error_message("\x08\x03\x12\x03"
                                 "bad"s),
              "bad");
    EXPECT_EQ(read_error_message("not found\n"), "");
    EXPECT_EQ(read_error_message(""), "");
}

TEST(ReadRetryAfter, ReadsSecondsAndDates) {
    const auto now = WallClock::from_time_t(784111777);  // Sun, 06 Nov 1994 08:49:37 GMT, RFC 9110
    EXPECT_EQ(read_retry_after("120", now), 120s);
    EXPECT_EQ(read_retry_after("0", now), 0s);
    EXPECT_EQ(read_retry_after("-5", now), 0s);
    EXPECT_EQ(read_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), 10s);
    EXPECT_EQ(read_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), 0s);
    for (const char* wrong : {"", "soon", "1.5", "12 s", "Sun, 06 Nov 1994 08:49:47 CET"}) {
        EXPECT_EQ(read_retry_after(wrong, now), std::nullopt) << wrong;
    }
}

TEST(RetryWait, DoublesWithSomeRandomnessAndHasABound) {
    for (unsigned attempt = 0; attempt < 12; ++attempt) {
        const Nanoseconds full = std::min<Nanoseconds>(1s * (1 << std::min(attempt, 10U)), 30s);
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            const Nanoseconds wait = retry_wait(attempt, std::nullopt, seed);
            EXPECT_LE(wait, full);
            EXPECT_GE(wait, full * 3 / 4);
        }
    }
    EXPECT_NE(retry_wait(1, std::nullopt, 1), retry_wait(1, std::nullopt, 2));
}

TEST(RetryWait, DoesWhatTheServerAsksUpToABound) {
    EXPECT_EQ(retry_wait(5, 7s, 1), 7s);
    EXPECT_EQ(retry_wait(0, 3600s, 1), 30s);
}

TEST(SafeExcerpt, HidesHeaderValuesAndControlCharacters) {
    const HttpHeaders headers{{"authorization", "Bearer s3cret"}, {"x", "1"}};
    EXPECT_EQ(safe_excerpt("no Bearer s3cret,\nBearer s3cret 1", headers), "no ***,.*** 1");
    EXPECT_EQ(safe_excerpt(std::string(500, 'a'), headers).size(), 200U);
}

}  // namespace
}  // namespace plimsoll
