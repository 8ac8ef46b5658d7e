#include "engine/requests/protocol.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ProtocolState = Protocol::State;

const std::string kResponse = "HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello";

TEST(Protocol, ReadsAResponseWhereverItIsCut) {
    Protocol protocol;
    std::string scratch;
    for (std::size_t cut = 1; cut < kResponse.size(); ++cut) {
        SCOPED_TRACE(cut);
        protocol.begin({});
        ASSERT_EQ(protocol.on_bytes(std::string_view(kResponse).substr(0, cut), scratch),
                  ProtocolState::NeedMore);
        EXPECT_EQ(protocol.response().header_done(), cut >= kResponse.size() - 5);
        ASSERT_EQ(protocol.on_bytes(std::string_view(kResponse).substr(cut), scratch),
                  ProtocolState::Done);
        EXPECT_EQ(protocol.response().status(), 201);
        EXPECT_EQ(protocol.response().body_bytes(), 5U);
    }
}

TEST(Protocol, ReadsOneResponseAfterTheOther) {
    Protocol protocol;
    std::string scratch;
    for (int i = 0; i < 3; ++i) {
        protocol.begin({});
        EXPECT_EQ(protocol.on_bytes(kResponse, scratch), ProtocolState::Done);
        EXPECT_TRUE(protocol.response().keep_alive());
    }
}

TEST(Protocol, RefusesWhatComesBehindAResponse) {
    Protocol protocol;
    std::string scratch;
    protocol.begin({});
    EXPECT_EQ(protocol.on_bytes(kResponse + "HTTP/1.1 200", scratch), ProtocolState::Failed);
    EXPECT_EQ(protocol.failure(), "bytes after the end of the response");
    protocol.begin({});  // and is as new
    EXPECT_EQ(protocol.on_bytes(kResponse, scratch), ProtocolState::Done);
}

TEST(Protocol, TakesTheConnectionsEndForTheResponsesWhereNothingElseSaysIt) {
    Protocol protocol;
    std::string scratch;
    protocol.begin({});
    EXPECT_EQ(protocol.on_bytes("HTTP/1.1 200 OK\r\n\r\nsome", scratch), ProtocolState::NeedMore);
    EXPECT_EQ(protocol.on_end(), ProtocolState::Done);
    protocol.begin({});
    EXPECT_EQ(protocol.on_bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome", scratch),
              ProtocolState::NeedMore);
    EXPECT_NE(protocol.on_end(), ProtocolState::Done);
}

}  // namespace
}  // namespace plimsoll
