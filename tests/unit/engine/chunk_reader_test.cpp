#include "engine/http1/chunk_reader.hpp"

#include <string>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using State = ChunkReader::State;

struct Read {
    State state = State::More;
    std::string body;
    std::string rest;  // behind the end
};

/// `text` in pieces of `size` bytes.
Read read(std::string_view text, std::size_t size) {
    ChunkReader reader;
    Read result;
    while (!text.empty() && (result.state == State::More || result.state == State::Data)) {
        const std::string_view piece = text.substr(0, size);
        const ChunkReader::Step step = reader.next(piece);
        result.state = step.state;
        result.body += step.data;
        text.remove_prefix(step.used);
    }
    result.rest = text;
    return result;
}

TEST(ChunkReader, GivesTheSameBodyHoweverItIsCut) {
    for (const char* const text : {"5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\nnext",
                                   "05;a=b\r\nhello\r\n7 \t\r\n, world\r\n000\r\nX: y\r\n\r\nnext",
                                   "5\nhello\n7;x\n, world\n0\nX: y\nZ: \n\nnext",
                                   "5\r\nhello\r\n7\r\n, world\r\n0;last=\"\\\"\"\r\n\r\nnext"}) {
        for (const std::size_t size : {1U, 2U, 3U, 7U, 1000U}) {
            const Read got = read(text, size);
            EXPECT_EQ(got.state, State::Done) << text << size;
            EXPECT_EQ(got.body, "hello, world") << text << size;
            EXPECT_EQ(got.rest, "next") << text << size;
        }
    }
}

TEST(ChunkReader, RefusesWhatIsNoSize) {
    for (const char* const text :
         {"x\r\n", "\r\n", "\n", " 5\r\n", ";\r\n", "-1\r\n", "0x5\r\n", "5 5\r\n", "5\rx",
          "5\r\nhello!", "5\r\nhello\rx", "10000000000000000\r\n", "5,\r\n"}) {
        for (const std::size_t size : {1U, 1000U}) {
            EXPECT_EQ(read(text, size).state, State::BadChunk) << text;
        }
    }
}

TEST(ChunkReader, KnowsHowMuchIsToCome) {
    ChunkReader reader;
    EXPECT_EQ(reader.next("ffffffffffffffff\r\n").state, State::More);
    EXPECT_EQ(reader.left(), UINT64_MAX);
    ChunkReader small;
    EXPECT_EQ(small.next("a\r\n123").state, State::Data);
    EXPECT_EQ(small.left(), 7U);
}

TEST(ChunkReader, GivesUpLinesWithoutEnd) {
    const std::string much(70'000, '0');
    EXPECT_EQ(read(much, 1000).state, State::LineTooLong);
    EXPECT_EQ(read("5;" + much, 1000).state, State::LineTooLong);
    EXPECT_EQ(read("0\r\nX: " + much, 1000).state, State::LineTooLong);
    std::string many = "0\r\n";
    for (int line = 0; line < 10'000; ++line) {
        many += "X: yyyyyyy\r\n";
    }
    EXPECT_EQ(read(many, 1000).state, State::LineTooLong);
}

}  // namespace
}  // namespace plimsoll
