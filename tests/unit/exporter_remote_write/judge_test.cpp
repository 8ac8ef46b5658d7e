// What replies mean, by the two specifications.
#include "exporters/remote_write/remote_write_exporter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using Kind = DeliveryAnswer::Kind;

HttpResponse reply(int status, HttpHeaders headers = {}) {
    return {status, std::move(headers), ""};
}

HttpHeaders wrote(const char* samples, const char* histograms) {
    return {{"X-Prometheus-Remote-Write-Samples-Written", samples},
            {"x-prometheus-remote-write-histograms-written", histograms}};
}

TEST(RemoteWriteReply, Of10IsJudgedByItsStatusAlone) {
    for (const auto& [status, kind] : {std::pair{200, Kind::Taken},
                                       {204, Kind::Taken},
                                       {400, Kind::Refused},
                                       {404, Kind::Refused},
                                       {415, Kind::Refused},
                                       {429, Kind::Later},
                                       {500, Kind::Later},
                                       {503, Kind::Later}}) {
        EXPECT_EQ(judge_remote_write(reply(status), 1, true, 10).kind, kind) << status;
    }
}

TEST(RemoteWriteReply, To20ThatKnowsNoneLeadsBackTo10) {
    // 415 as the specification asks; 2xx without a word of what was written from those that read
    // an empty 1.0 request; 400 from those that find fault with it.
    for (const int status : {415, 204, 200, 400}) {
        EXPECT_EQ(judge_remote_write(reply(status), 2, false, 10).kind, Kind::Again) << status;
    }
    for (const int status : {429, 500, 502}) {
        EXPECT_EQ(judge_remote_write(reply(status), 2, false, 10).kind, Kind::Later) << status;
    }
}

TEST(RemoteWriteReply, To20ThatIsInsistedOnIsNoSuccessWithoutAWordOfWhatWasWritten) {
    EXPECT_EQ(judge_remote_write(reply(204), 2, true, 10).kind, Kind::Refused);
    EXPECT_EQ(judge_remote_write(reply(400), 2, true, 10).kind, Kind::Refused);
}

TEST(RemoteWriteReply, To20SaysHowMuchWasWritten) {
    const DeliveryAnswer all = judge_remote_write(reply(204, wrote("7", "3")), 2, false, 10);
    EXPECT_EQ(all.kind, Kind::Taken);
    EXPECT_EQ(all.rejected, 0U);
    EXPECT_EQ(all.why, "");
    // A part was written: 400, and the rest is lost for good.
    const DeliveryAnswer part = judge_remote_write(reply(400, wrote("6", "0")), 2, true, 10);
    EXPECT_EQ(part.kind, Kind::Taken);
    EXPECT_EQ(part.rejected, 4U);
    EXPECT_EQ(part.why, "HTTP status 400");
    const DeliveryAnswer none = judge_remote_write(reply(200, wrote("0", "0")), 2, true, 10);
    EXPECT_EQ(none.rejected, 10U);
    EXPECT_EQ(none.why, "10 of 10 samples were not written");
}

}  // namespace
}  // namespace plimsoll
