#include "engine/http1/response_parser.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ParserState = ResponseParser::State;

/// Feeds `text` in pieces of `step` bytes, keeping what was not consumed, as a connection does.
ParserState feed_in_pieces(ResponseParser& parser, const std::string& text, std::size_t step) {
    std::string waiting;
    for (std::size_t at = 0; at < text.size(); at += step) {
        waiting += text.substr(at, step);
        const auto progress = parser.feed(waiting);
        waiting.erase(0, progress.consumed);
        if (progress.state == ParserState::Failed) {
            return ParserState::Failed;
        }
        if (progress.state == ParserState::Done) {
            EXPECT_TRUE(waiting.empty() && at + step >= text.size()) << "ended early at " << at;
            return progress.state;
        }
    }
    return ParserState::NeedMore;
}

TEST(ResponseParser, ReadsTheSameResponseHoweverItIsCut) {
    const std::string text =
        "HTTP/1.1 404 Not Found\r\nServer: x\r\nContent-Length: 11\r\n\r\nno such dog";
    for (std::size_t step = 1; step <= text.size(); ++step) {
        ResponseParser parser;
        parser.reset({.head = false});
        EXPECT_EQ(feed_in_pieces(parser, text, step), ParserState::Done) << step;
        EXPECT_EQ(parser.status(), 404);
        EXPECT_TRUE(parser.keep_alive());
        EXPECT_EQ(parser.error_body(), "no such dog");
    }
}

TEST(ResponseParser, JoinsChunks) {
    const std::string text =
        "HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n6; x=y\r\n world\r\n0\r\nTrailer: t\r\n\r\n";
    for (const std::size_t step : {1UL, 2UL, 7UL, text.size()}) {
        ResponseParser parser;
        parser.reset({.head = false});
        EXPECT_EQ(feed_in_pieces(parser, text, step), ParserState::Done) << step;
        EXPECT_EQ(parser.error_body(), "hello world");
    }
}

TEST(ResponseParser, ReadsAnEmptyChunkedBodyHoweverItIsCut) {
    const std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    for (std::size_t step = 1; step <= text.size(); ++step) {
        ResponseParser parser;
        parser.reset({.head = false});
        EXPECT_EQ(feed_in_pieces(parser, text, step), ParserState::Done) << step;
        EXPECT_EQ(parser.body_bytes(), 0U);
    }
}

TEST(ResponseParser, TakesAHeaderUpToItsLimitHoweverItIsCut) {
    const std::string begin = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n";
    for (const std::size_t size : {65'536UL, 65'537UL}) {
        std::string text = begin;
        while (text.size() + 200 < size) {
            text += "X-Filler: " + std::string(88, 'x') + "\r\n";  // 100 bytes
        }
        text += "X-Rest: " + std::string(size - text.size() - 12, 'x') + "\r\n\r\n";
        ASSERT_EQ(text.size(), size);
        text += "ok";
        for (const std::size_t step : {100UL, 1'460UL, 40'000UL, 65'536UL, text.size()}) {
            ResponseParser parser;
            parser.reset({.head = false});
            const ParserState state = feed_in_pieces(parser, text, step);
            EXPECT_EQ(state, size == 65'536 ? ParserState::Done : ParserState::Failed)
                << size << " " << step;
        }
    }
}

TEST(ResponseParser, RefusesLinesWithoutEndInsideABody) {
    for (const char* line : {"5;", "0\r\nX: "}) {
        ResponseParser parser;
        parser.reset({.head = false});
        std::string waiting = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        waiting += line;
        ParserState state = ParserState::NeedMore;
        std::size_t offered = 0;
        while (state == ParserState::NeedMore && offered < 1'000'000) {
            waiting.append(1'000, 'x');
            offered += 1'000;
            const auto progress = parser.feed(waiting);
            waiting.erase(0, progress.consumed);
            state = progress.state;
        }
        EXPECT_EQ(state, ParserState::Failed) << line;
        EXPECT_EQ(offered, 66'000U);
    }
}

TEST(ResponseParser, EndsTheConnectionsUseAfterASwitchOfProtocols) {
    ResponseParser parser;
    parser.reset({.head = false});
    EXPECT_EQ(feed_in_pieces(parser, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 99),
              ParserState::Done);
    EXPECT_EQ(parser.status(), 101);
    EXPECT_FALSE(parser.keep_alive());
}

TEST(ResponseParser, SkipsInterimResponses) {
    ResponseParser parser;
    parser.reset({.head = false});
    EXPECT_EQ(
        feed_in_pieces(parser,
                       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                       "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
                       9),
        ParserState::Done);
    EXPECT_EQ(parser.status(), 201);
}

TEST(ResponseParser, ExpectsNoBodyAfterHead) {
    ResponseParser parser;
    parser.reset({.head = true});
    EXPECT_EQ(parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").state,
              ParserState::Done);
}

TEST(ResponseParser, ExpectsNoBodyWith204And304) {
    for (const char* status : {"204 No Content", "304 Not Modified"}) {
        ResponseParser parser;
        parser.reset({.head = false});
        EXPECT_EQ(parser.feed(std::string("HTTP/1.1 ") + status + "\r\nX: y\r\n\r\n").state,
                  ParserState::Done);
    }
}

TEST(ResponseParser, EndsABodyWithoutLengthWhenTheConnectionEnds) {
    ResponseParser parser;
    parser.reset({.head = false});
    EXPECT_EQ(parser.feed("HTTP/1.0 200 OK\r\n\r\nsome").state, ParserState::NeedMore);
    EXPECT_EQ(parser.feed_end(), ParserState::Done);
    EXPECT_FALSE(parser.keep_alive());
}

TEST(ResponseParser, FailsWhenTheConnectionEndsInsideABodyOfKnownLength) {
    ResponseParser parser;
    parser.reset({.head = false});
    EXPECT_EQ(parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsome").state,
              ParserState::NeedMore);
    EXPECT_TRUE(parser.header_done());
    EXPECT_EQ(parser.feed_end(), ParserState::Failed);
}

TEST(ResponseParser, ReadsAnOddHeaderAsTheStrictOneThatItMeans) {
    for (const std::string text : {"HTTP/1.1 404\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok",
                                   "http/1.1   404Not Found\nX-A: 1\nContent-Length: 2\n\nok",
                                   "HTTP/1.1 404 Not Found\nX-A: 1\r\nContent-Length: 2\n\r\nok",
                                   "HTTP/1.1 404 Not Found\r\nX-A: 1\nContent-Length: 2\n\nok"}) {
        for (std::size_t step = 1; step <= text.size(); ++step) {
            ResponseParser parser;
            parser.reset({.headers = true, .body = true});
            ASSERT_EQ(feed_in_pieces(parser, text, step), ParserState::Done) << step;
            EXPECT_EQ(parser.status(), 404);
            EXPECT_EQ(parser.kept()->headers, "X-A: 1\r\nContent-Length: 2\r\n");
            EXPECT_EQ(parser.kept()->body, "ok");
            EXPECT_EQ(parser.error_body(), "ok");
            EXPECT_TRUE(parser.keep_alive());
        }
    }
}

TEST(ResponseParser, LimitsAnOddHeaderToo) {
    const std::string filler(65'536, 'x');
    for (const std::size_t step : {1'000UL, 70'000UL}) {
        ResponseParser parser;
        parser.reset({.head = false});
        EXPECT_EQ(feed_in_pieces(parser, "HTTP/1.1 200\nX: " + filler + "\n\n", step),
                  ParserState::Failed);
        EXPECT_EQ(parser.failure(), "header limit exceeded");
    }
}

TEST(ResponseParser, RefusesWhatIsNotHttp) {
    ResponseParser parser;
    parser.reset({.head = false});
    EXPECT_EQ(parser.feed("SSH-2.0-OpenSSH_9.2p1\r\n").state, ParserState::Failed);
    EXPECT_FALSE(parser.failure().empty());
    for (const char* text : {"-ERR\r\n", "S", "HTTQ", "HTTP/1.1 099 What\r\n"}) {
        parser.reset({.head = false});
        EXPECT_EQ(parser.feed(text).state, ParserState::Failed) << text;
    }
    parser.reset({.head = false});
    EXPECT_EQ(parser.feed("HT").state, ParserState::NeedMore);
    EXPECT_EQ(parser.feed("HTXX").state, ParserState::Failed);
}

TEST(ResponseParser, HonoursConnectionClose) {
    ResponseParser parser;
    parser.reset({.head = false});
    EXPECT_EQ(
        parser.feed("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").state,
        ParserState::Done);
    EXPECT_FALSE(parser.keep_alive());
}

TEST(ResponseParser, StartsAfreshAfterReset) {
    ResponseParser parser;
    parser.reset({.head = false});
    EXPECT_EQ(parser.feed("garbage\r\n\r\n").state, ParserState::Failed);
    parser.reset({.head = false});
    EXPECT_EQ(parser.feed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").state, ParserState::Done);
    EXPECT_EQ(parser.status(), 200);
}

TEST(ResponseParser, LeavesWhatComesAfterTheEnd) {
    ResponseParser parser;
    parser.reset({.head = false});
    const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1";
    const auto progress = parser.feed(text);
    EXPECT_EQ(progress.state, ParserState::Done);
    EXPECT_EQ(text.size() - progress.consumed, 8U);
}

}  // namespace
}  // namespace plimsoll
