// Against a real server: tests/e2e/test_objects.py.
#include "objects/s3_store.hpp"

#include "objects/segment_objects.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Variables = std::map<std::string, std::string>;

Result<S3Access> access(const Variables& set) {
    return s3_access([&](const char* name) -> const char* {
        const auto found = set.find(name);
        return found == set.end() ? nullptr : found->second.c_str();
    });
}

TEST(ParseS3, TakesABucketAndAPrefix) {
    const auto plain = parse_s3("s3://load-runs/checkout/42/");
    ASSERT_TRUE(plain.ok());
    EXPECT_EQ(plain->bucket, "load-runs");
    EXPECT_EQ(plain->prefix, "checkout/42");
    EXPECT_EQ(plain->key("a.db"), "checkout/42/a.db");
    EXPECT_EQ(plain->to_string(), "s3://load-runs/checkout/42");
    for (const char* bare : {"s3://load-runs", "s3://load-runs/"}) {
        const auto location = parse_s3(bare);
        ASSERT_TRUE(location.ok()) << bare;
        EXPECT_EQ(location->key("a.db"), "a.db");
    }
    EXPECT_TRUE(parse_s3("s3://my.bucket.1/ä b").ok());
}

TEST(ParseS3, RefusesWhatNoServerWouldHave) {
    for (const char* text : {"",
                             "s3:",
                             "s3://",
                             "s3:///x",
                             "S3://abc/x",
                             "http://abc/x",
                             "s3://ab/x",
                             "s3://Abc/x",
                             "s3://a_b/x",
                             "s3://-abc/x",
                             "s3://abc-/x",
                             "s3://a..b/x",
                             "s3://abc//x",
                             "s3://abc/x//y",
                             "s3://abc/../x",
                             "s3://abc/./x",
                             "s3://abc/x/..",
                             "s3://abc/x?y",
                             "s3://abc/x#y",
                             "s3://abc/x\ny"}) {
        const auto location = parse_s3(text);
        ASSERT_FALSE(location.ok()) << text;
        EXPECT_THAT(location.error().what, HasSubstr("must be s3://BUCKET/PREFIX"));
    }
}

TEST(S3Access, ReadsWhatOtherToolsRead) {
    const auto all = access({{"AWS_ACCESS_KEY_ID", "A"},
                             {"AWS_SECRET_ACCESS_KEY", "s"},
                             {"AWS_SESSION_TOKEN", "t"},
                             {"AWS_REGION", "eu-central-1"},
                             {"AWS_DEFAULT_REGION", "eu-west-1"},
                             {"AWS_ENDPOINT_URL", "http://127.0.0.1:1"},
                             {"AWS_ENDPOINT_URL_S3", "https://minio:9000/s3"}});
    ASSERT_TRUE(all.ok());
    EXPECT_EQ(all->scope.region, "eu-central-1");
    EXPECT_EQ(all->endpoint->origin(), "https://minio:9000");
    EXPECT_EQ(all->credentials.session_token, "t");
    const auto least = access({{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "s"}});
    ASSERT_TRUE(least.ok());
    EXPECT_EQ(least->scope.region, "us-east-1");
    EXPECT_FALSE(least->endpoint);
}

TEST(S3Access, NamesTheVariableAndNeverItsValue) {
    EXPECT_THAT(access({}).error().to_string(), HasSubstr("AWS_ACCESS_KEY_ID is not set"));
    EXPECT_THAT(access({{"AWS_ACCESS_KEY_ID", "A"}}).error().to_string(),
                HasSubstr("AWS_SECRET_ACCESS_KEY is not set"));
    const Variables keys{{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "hunter2"}};
    Variables with_address = keys;
    with_address["AWS_ENDPOINT_URL"] = "https://user:hunter2@minio";
    const std::string said = access(with_address).error().to_string();
    EXPECT_THAT(said, HasSubstr("AWS_ENDPOINT_URL"));
    EXPECT_THAT(said, Not(HasSubstr("hunter2")));
    Variables split = keys;
    split["AWS_SESSION_TOKEN"] = "hunter3\r\nX: y";
    ASSERT_FALSE(access(split).ok());
    EXPECT_THAT(access(split).error().to_string(), Not(HasSubstr("hunter3")));
}

TEST(XmlTexts, FindsEveryElementAndDecodesIt) {
    EXPECT_THAT(
        xml_texts("<a><Key>x/1.db</Key><Size>3</Size><Key>a&amp;b&lt;c&gt;&quot;&apos;</Key></a>",
                  "Key"),
        ElementsAre("x/1.db", "a&b<c>\"'"));
    EXPECT_THAT(xml_texts("<Key>q&#39;&#x27;&#228;&#x20ac;&#x1F600;&#;&#x;&#9</Key>", "Key"),
                ElementsAre("q''ä€😀&#;&#x;&#9"));
    EXPECT_THAT(xml_texts("<Keys>x</Keys><Key/>", "Key"), ElementsAre());
    EXPECT_THAT(xml_texts("<Key>x", "Key"), ElementsAre());
    EXPECT_THAT(xml_texts("<Key></Key>", "Key"), ElementsAre(""));
}

TEST(SegmentObject, HasOneNameForEachSegment) {
    EXPECT_EQ(segment_object({2, 8}), "segment-2-of-8.db");
    EXPECT_EQ(segment_of_object("segment-2-of-8.db"), (Segment{2, 8}));
    for (const char* other :
         {"", "segment-", "segment-2", "segment-2-of-", "segment-2-of-8", "segment-2-of-8.db2",
          "segment-02-of-8.db", "segment-+2-of-8.db", "segment-2-of-8.db.part",
          "x/segment-2-of-8.db", "segment--1-of-8.db"}) {
        EXPECT_FALSE(segment_of_object(other)) << other;
    }
}

}  // namespace
}  // namespace plimsoll
