// Cookies, content codings and URL references, against the RFCs' own examples and other encoders.
#include "engine/http1/content_decoder.hpp"
#include "engine/http1/cookie_jar.hpp"
#include "engine/http1/response_parser.hpp"
#include "engine/transport/origin.hpp"
#include "scenario/parse.hpp"

#include <brotli/encode.h>

#include <gtest/gtest.h>
#include <zlib.h>

namespace plimsoll {
namespace {

std::string sent(const CookieJar& jar, const CookieScope& to, std::int64_t now = 0) {
    std::string out;
    jar.append_header(to, now, out);
    return out;
}

TEST(CookieJar, GivesBackWhatWasSetToItsHostAlone) {
    CookieJar jar;
    jar.set("SID=31d4d96e407aad42", {"example.test", "/a/b", false}, 0);
    EXPECT_EQ(sent(jar, {"example.test", "/a/x"}), "Cookie: SID=31d4d96e407aad42\r\n");
    EXPECT_EQ(sent(jar, {"example.test", "/a"}), "Cookie: SID=31d4d96e407aad42\r\n");
    EXPECT_EQ(sent(jar, {"example.test", "/ab"}), "");  // the default path is /a
    EXPECT_EQ(sent(jar, {"www.example.test", "/a/x"}), "");
    EXPECT_EQ(sent(jar, {"other.test", "/a/x"}), "");
}

TEST(CookieJar, GoesToSubdomainsWhereADomainIsNamed) {
    CookieJar jar;
    jar.set("a=1; Domain=.Example.test; Path=/", {"www.example.test", "/"}, 0);
    EXPECT_EQ(sent(jar, {"example.test", "/"}), "Cookie: a=1\r\n");
    EXPECT_EQ(sent(jar, {"api.example.test", "/x?y"}), "Cookie: a=1\r\n");
    EXPECT_EQ(sent(jar, {"badexample.test", "/"}), "");
}

TEST(CookieJar, RefusesWhatAServerMayNotSet) {
    CookieJar jar;
    jar.set("a=1; Domain=other.test", {"www.example.test", "/"}, 0);
    jar.set("b=1; Domain=test", {"www.example.test", "/"}, 0);
    jar.set("c=1; Secure", {"www.example.test", "/", false}, 0);
    jar.set("no pair", {"www.example.test", "/"}, 0);
    jar.set("=x", {"www.example.test", "/"}, 0);
    EXPECT_TRUE(jar.empty());
    jar.set("d=1; Domain=1.2.3.4", {"1.2.3.4", "/"}, 0);
    EXPECT_EQ(sent(jar, {"1.2.3.4", "/"}), "Cookie: d=1\r\n");
    EXPECT_EQ(sent(jar, {"9.1.2.3.4", "/"}), "");
}

TEST(CookieJar, PutsLongerPathsFirstAndKeepsOneOfAName) {
    CookieJar jar;
    jar.set("SID=1; Path=/", {"h", "/"}, 0);
    jar.set("lang=en; Path=/docs", {"h", "/"}, 0);
    jar.set("SID=2; Path=/", {"h", "/"}, 0);
    EXPECT_EQ(sent(jar, {"h", "/docs/x"}), "Cookie: lang=en; SID=2\r\n");
}

TEST(CookieJar, ForgetsAtTheTimeThatIsSaid) {
    CookieJar jar;
    jar.set("a=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT", {"h", "/"}, 100);
    EXPECT_EQ(sent(jar, {"h", "/"}, 109), "Cookie: a=1\r\n");
    EXPECT_EQ(sent(jar, {"h", "/"}, 110), "");
    jar.set("b=1", {"h", "/"}, 100);
    jar.set("b=; Expires=Wed, 09 Jun 1971 10:18:14 GMT", {"h", "/"}, 1'000'000'000);
    EXPECT_EQ(sent(jar, {"h", "/"}, 100), "Cookie: a=1\r\n");
}

TEST(CookieJar, SendsSecureOnesOverTlsOnly) {
    CookieJar jar;
    jar.set("s=1; Secure", {"h", "/", true}, 0);
    EXPECT_EQ(sent(jar, {"h", "/", true}), "Cookie: s=1\r\n");
    EXPECT_EQ(sent(jar, {"h", "/", false}), "");
}

TEST(CookieDate, IsReadInEveryFormThatIsSeen) {
    constexpr std::int64_t kWhen = 1623233894;  // date -u -d '2021-06-09 10:18:14' +%s
    for (const char* text : {"Wed, 09 Jun 2021 10:18:14 GMT", "Wednesday, 09-Jun-21 10:18:14 GMT",
                             "Wed Jun  9 10:18:14 2021"}) {
        EXPECT_EQ(parse_cookie_date(text, -1), kWhen) << text;
    }
    for (const char* text : {"", "soon", "Wed, 32 Jun 2021 10:18:14 GMT", "09 Jun 2021"}) {
        EXPECT_EQ(parse_cookie_date(text, -1), -1) << text;
    }
}

std::string deflated(const std::string& text, int window) {
    z_stream stream{};
    EXPECT_EQ(::deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(::deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    ::deflateEnd(&stream);
    return out;
}

std::string brotlied(const std::string& text) {
    std::size_t size = ::BrotliEncoderMaxCompressedSize(text.size()) + 16;
    std::string out(size, '\0');
    EXPECT_EQ(::BrotliEncoderCompress(5, 22, BROTLI_MODE_TEXT, text.size(),
                                      reinterpret_cast<const std::uint8_t*>(text.data()), &size,
                                      reinterpret_cast<std::uint8_t*>(out.data())),
              BROTLI_TRUE);
    out.resize(size);
    return out;
}

constexpr int kGzip = 31;
constexpr int kZlib = 15;
constexpr int kRaw = -15;

std::string some_text() {
    std::string text;
    for (int i = 0; i < 20'000; ++i) {
        text += std::to_string(i * i) + ",";
    }
    return text;
}

TEST(ContentDecoder, ReadsWhatOtherEncodersWrite) {
    const std::string text = some_text();
    const struct {
        const char* coding;
        std::string body;
    } rows[] = {{"gzip", deflated(text, kGzip)},
                {"x-gzip", deflated(text, kGzip)},
                {"deflate", deflated(text, kZlib)},
                {"deflate", deflated(text, kRaw)},
                {"br", brotlied(text)},
                {"identity", text},
                {"GZip , BR", brotlied(deflated(text, kGzip))}};
    for (const auto& row : rows) {
        std::string body = row.body;
        EXPECT_TRUE(decode_content(row.coding, body, 1 << 20).ok()) << row.coding;
        EXPECT_EQ(body, text) << row.coding;
    }
    std::string members = deflated("one,", kGzip) + deflated("two", kGzip);
    EXPECT_TRUE(decode_content("gzip", members, 100).ok());
    EXPECT_EQ(members, "one,two");
}

TEST(ContentDecoder, RefusesDamagedBodies) {
    const std::string text = some_text();
    for (const auto& [coding, good] : {std::pair{"gzip", deflated(text, kGzip)},
                                       {"deflate", deflated(text, kZlib)},
                                       {"br", brotlied(text)}}) {
        for (const std::size_t keep : {std::size_t{1}, good.size() / 2, good.size() - 1}) {
            std::string body = good.substr(0, keep);
            const Status decoded = decode_content(coding, body, 1 << 20);
            ASSERT_FALSE(decoded.ok()) << coding << " " << keep;
            EXPECT_EQ(decoded.error().what,
                      std::string("the ") + coding + " body is damaged or incomplete");
        }
    }
    std::string body = "x";
    EXPECT_EQ(decode_content("zstd", body, 10).error().what,
              "content coding \"zstd\" is not known");
}

TEST(ContentDecoder, StopsAtTheLimit) {
    const std::string zeros(50'000'000, '\0');  // a thousand times smaller when encoded
    for (const auto& [coding, bomb] :
         {std::pair{"gzip", deflated(zeros, kGzip)}, {"br", brotlied(zeros)}}) {
        std::string body = bomb;
        EXPECT_EQ(decode_content(coding, body, 1'000'000).error().what,
                  "the decoded body is larger than 1000000 bytes");
        EXPECT_EQ(body, bomb);
        EXPECT_TRUE(decode_content(coding, body, zeros.size()).ok());
        EXPECT_EQ(body.size(), zeros.size());
    }
}

TEST(ContentDecoder, HoldsNothingOfTheCodingsBetween) {
    // 50 MB of zeros, in gzip, in gzip: the limit is met long before either is whole.
    const std::string bomb = deflated(deflated(std::string(50'000'000, '\0'), kGzip), kGzip);
    std::string body = bomb;
    EXPECT_EQ(decode_content("gzip, gzip", body, 1'000'000).error().what,
              "the decoded body is larger than 1000000 bytes");
    EXPECT_TRUE(decode_content("gzip, gzip", body, 50'000'000).ok());
    EXPECT_EQ(body.size(), 50'000'000U);
    // A hundred thousand empty members decode to nothing: what counts is each coding's output too.
    std::string members;
    for (int i = 0; i < 100'000; ++i) {
        members += deflated("", kGzip);
    }
    body = deflated(members, kGzip);
    EXPECT_EQ(decode_content("gzip, gzip", body, 1'000'000).error().what,
              "the decoded body is larger than 1000000 bytes");
    body = "x";
    EXPECT_EQ(decode_content("gzip,gzip,gzip,gzip,gzip", body, 10).error().what,
              "the body has more than 4 content codings");
}

TEST(ContentDecoder, StopsWhereItsTimeIsOverAndGoesOnFromThere) {
    const std::string zeros(5'000'000, '\0');
    for (const auto& [coding, encoded] : {std::pair{"gzip", deflated(zeros, kGzip)},
                                          {"br", brotlied(zeros)},
                                          {"br, gzip", deflated(brotlied(zeros), kGzip)}}) {
        auto decoder = ContentDecoder::begin(coding, encoded, zeros.size());
        ASSERT_TRUE(decoder.ok());
        int calls = 0;
        for (bool done = false; !done; ++calls) {
            ContentDecoder moved = *std::move(decoder);  // as it may between two calls
            const auto some = moved.decode(Clock::time_point{});
            ASSERT_TRUE(some.ok()) << some.error().what;
            done = *some;
            decoder = std::move(moved);
        }
        EXPECT_GE(calls, 5'000'000 / 16'384) << coding;  // no call gives more than one piece
        EXPECT_TRUE(decoder->take() == zeros) << coding;
    }
}

TEST(Reference, IsResolvedAsTheStandardSays) {
    // RFC 3986, 5.4, from http://a/b/c/d;p?q
    const TargetUrl origin = *parse_target("http://a");
    const std::pair<const char*, const char*> rows[] = {{"g", "/b/c/g"},
                                                        {"./g", "/b/c/g"},
                                                        {"g/", "/b/c/g/"},
                                                        {"/g", "/g"},
                                                        {"?y", "/b/c/d;p?y"},
                                                        {"g?y", "/b/c/g?y"},
                                                        {"#s", "/b/c/d;p?q"},
                                                        {"g#s", "/b/c/g"},
                                                        {"g?y#s", "/b/c/g?y"},
                                                        {";x", "/b/c/;x"},
                                                        {"", "/b/c/d;p?q"},
                                                        {".", "/b/c/"},
                                                        {"./", "/b/c/"},
                                                        {"..", "/b/"},
                                                        {"../", "/b/"},
                                                        {"../g", "/b/g"},
                                                        {"../..", "/"},
                                                        {"../../g", "/g"},
                                                        {"../../../g", "/g"},
                                                        {"/./g", "/g"},
                                                        {"/../g", "/g"},
                                                        {"g.", "/b/c/g."},
                                                        {"..g", "/b/c/..g"},
                                                        {"./../g", "/b/g"},
                                                        {"./g/.", "/b/c/g/"},
                                                        {"g/./h", "/b/c/g/h"},
                                                        {"g/../h", "/b/c/h"},
                                                        {"g?y/../x", "/b/c/g?y/../x"},
                                                        {"two words", "/b/c/two%20words"}};
    for (const auto& [reference, target] : rows) {
        const auto resolved = resolve_reference(origin, "/b/c/d;p?q", reference);
        ASSERT_TRUE(resolved.ok()) << reference;
        EXPECT_EQ(resolved->target, target) << reference;
        EXPECT_EQ(resolved->origin.host, "a");
    }
    const auto other = resolve_reference(origin, "/x", "//g:81/y");
    EXPECT_EQ(other->origin.to_string(), "http://g:81");
    EXPECT_EQ(other->target, "/y");
    EXPECT_EQ(resolve_reference(origin, "/x", "HTTPS://g?z")->target, "/?z");
    EXPECT_EQ(resolve_reference(origin, "/x", "https://g")->origin.port, 443);
    EXPECT_FALSE(resolve_reference(origin, "/x", "mailto:a@b").ok());
    EXPECT_FALSE(resolve_reference(origin, "/x", "ftp://g/").ok());
}

TEST(ResponseParser, KeepsOnlyWhatIsAskedFor) {
    const std::string response =
        "HTTP/1.1 302 Found\r\nLocation: /x\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\n"
        "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello";
    ResponseParser parser;
    parser.reset({});
    EXPECT_EQ(parser.feed(response).state, ResponseParser::State::Done);
    EXPECT_EQ(parser.kept(), nullptr);
    EXPECT_EQ(parser.body_bytes(), 5U);
    ResponseKeep keep;
    keep.headers = keep.body = keep.cookies = keep.location = true;
    parser.reset(keep);
    EXPECT_EQ(parser.feed(response).state, ResponseParser::State::Done);
    ASSERT_NE(parser.kept(), nullptr);
    EXPECT_EQ(parser.kept()->location, "/x");
    EXPECT_EQ(parser.kept()->cookies, (std::vector<std::string>{"a=1", "b=2"}));
    EXPECT_EQ(parser.kept()->body, "hello");
    EXPECT_EQ(parser.kept()->encoding, "gzip");
    EXPECT_EQ(parser.kept()->headers.substr(0, 14), "Location: /x\r\n");
    parser.reset({});
    EXPECT_EQ(parser.kept(), nullptr);
}

}  // namespace
}  // namespace plimsoll
