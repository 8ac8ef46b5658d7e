#include "exporters/otlp/redact.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(RedactQuery, KeepsWhatIsNoSecret) {
    for (const char* path :
         {"/", "/a/b", "/v1/deployments?status=running&page=2", "/x?", "/x?a", "/x?a=1&&b=2&"}) {
        EXPECT_EQ(redact_query(path), path);
    }
}

TEST(RedactQuery, HidesTheValuesOfSecretsAndKeepsTheirNames) {
    EXPECT_EQ(redact_query("/x?access_token=abc&page=2"), "/x?access_token=REDACTED&page=2");
    EXPECT_EQ(redact_query("/x?page=2&API-Key=a=b"), "/x?page=2&API-Key=REDACTED");
    EXPECT_EQ(redact_query("/x?password=&sid=1"), "/x?password=REDACTED&sid=REDACTED");
    EXPECT_EQ(redact_query("/x?token"), "/x?token");
}

TEST(RedactQuery, HidesTheSignaturesOfSignedUrls) {
    // The names that the semantic conventions for HTTP list for url.full.
    EXPECT_EQ(redact_query("/o?AWSAccessKeyId=a&Signature=b&sig=c&X-Goog-Signature=d"),
              "/o?AWSAccessKeyId=REDACTED&Signature=REDACTED&sig=REDACTED&"
              "X-Goog-Signature=REDACTED");
}

}  // namespace
}  // namespace plimsoll
