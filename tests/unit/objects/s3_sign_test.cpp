// The examples of Amazon's own documents: "Signature Calculations for the Authorization Header"
// (Amazon S3 API Reference) and the Signature Version 4 test suite.
#include "objects/s3_sign.hpp"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

const S3Credentials kDocumented{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                ""};
constexpr const char* kHost = "examplebucket.s3.amazonaws.com";

WallClock::time_point at(int year, unsigned month, unsigned day, int hour = 0, int minute = 0) {
    return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) /
                                 std::chrono::day(day)) +
           std::chrono::hours(hour) + std::chrono::minutes(minute);
}

std::string signature(HttpRequest request) {
    sign_s3(request, kHost, kDocumented, {}, at(2013, 5, 24));
    return *find_header(request.headers, "Authorization");
}

TEST(SignS3, SignsAGetAsDocumented) {
    HttpRequest request{"GET", "/test.txt", {{"Range", "bytes=0-9"}}, ""};
    EXPECT_EQ(signature(request),
              "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
              "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
              "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SignS3, SignsAPutAsDocumented) {
    HttpRequest request{
        "PUT",
        "/test%24file.text",
        {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
        "Welcome to Amazon S3."};
    EXPECT_THAT(
        signature(request),
        EndsWith("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST(SignS3, SignsParametersAsDocumented) {
    EXPECT_THAT(
        signature({"GET", "/?lifecycle", {}, ""}),
        EndsWith("Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
    const char* const listed =
        "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
    EXPECT_THAT(signature({"GET", "/?max-keys=2&prefix=J", {}, ""}), EndsWith(listed));
    EXPECT_THAT(signature({"GET", "/?prefix=J&max-keys=2", {}, ""}), EndsWith(listed));
}

TEST(SignS3, SignsTheSessionTokenAndSendsIt) {
    HttpRequest request{"GET", "/", {}, ""};
    sign_s3(request, "b.s3.amazonaws.com", {"A", "s", "token"}, {}, at(2013, 5, 24));
    EXPECT_EQ(*find_header(request.headers, "x-amz-security-token"), "token");
    EXPECT_THAT(
        *find_header(request.headers, "Authorization"),
        HasSubstr("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"));
}

TEST(SignS3, SendsNoSecret) {
    HttpRequest request{"PUT", "/x", {}, "body"};
    sign_s3(request, kHost, kDocumented, {}, at(2026, 1, 2, 3, 4));
    for (const HttpHeader& each : request.headers) {
        EXPECT_THAT(each.value, ::testing::Not(HasSubstr("wJalr")));
    }
    EXPECT_EQ(*find_header(request.headers, "x-amz-date"), "20260102T030400Z");
}

}  // namespace
}  // namespace plimsoll
