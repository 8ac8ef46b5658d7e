// The two messages, read back field by field as their definitions number them.
#include "exporters/remote_write/write_encode.hpp"

#include <map>
#include <set>
#include <snappy-c.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <protozero/pbf_reader.hpp>

namespace plimsoll {
namespace {

using protozero::pbf_reader;
using ::testing::ElementsAre;
using ::testing::Pair;

WriteBatch batch() {
    auto metric = std::make_shared<const WriteMetric>(
        WriteMetric{"plimsoll_x_seconds", MetricType::Histogram, "Helps", "seconds"});
    auto series = std::make_shared<const WriteSeries>(
        WriteSeries{{{"__name__", "plimsoll_x_seconds_count"}, {"job", "p"}}, metric});
    auto native = std::make_shared<ExponentialCounts>();
    native->count = 12;
    native->sum_s = 1.25;
    native->zero = 1;
    native->buckets = {{-3, 2}, {-2, 5}, {4, 4}};
    WriteBatch out;
    out.at_ms = 1700000000123;
    out.created_ms = 1700000000000;
    out.points = {{series, 12, nullptr, {{0.5, 1700000000100, "abcd", "ef"}}},
                  {series, 0, native, {}}};
    out.metrics = {metric};
    return out;
}

/// What stands in a histogram, the same in both versions.
void expect_histogram(pbf_reader histogram) {
    std::vector<std::pair<int, unsigned>> spans;
    std::vector<std::int64_t> deltas;
    std::map<int, double> plain;
    while (histogram.next()) {
        const auto tag = static_cast<int>(histogram.tag());
        switch (tag) {
            case 1:
            case 6:
                plain[tag] = static_cast<double>(histogram.get_uint64());
                break;
            case 3:
            case 5:
                plain[tag] = histogram.get_double();
                break;
            case 4:
                plain[4] = histogram.get_sint32();
                break;
            case 11: {
                pbf_reader span = histogram.get_message();
                ASSERT_TRUE(span.next(1));
                const int offset = span.get_sint32();
                ASSERT_TRUE(span.next(2));
                spans.emplace_back(offset, span.get_uint32());
                break;
            }
            case 12:
                for (const auto delta : histogram.get_packed_sint64()) {
                    deltas.push_back(delta);
                }
                break;
            case 15:
                plain[15] = static_cast<double>(histogram.get_int64());
                break;
            default:
                FAIL() << tag;
        }
    }
    EXPECT_THAT(plain, ElementsAre(Pair(1, 12), Pair(3, 1.25), Pair(4, 5), Pair(5, 1.0 / 1048576),
                                   Pair(6, 1), Pair(15, 1700000000123)));
    // From -3 two buckets; then 5 empty ones (-1 ... 3) before the one at 4.
    EXPECT_THAT(spans, ElementsAre(Pair(-3, 2U), Pair(5, 1U)));
    EXPECT_THAT(deltas, ElementsAre(2, 3, -1));
}

TEST(RemoteWriteMessage, Of10HasLabelsSamplesExemplarsAndMetadata) {
    const std::string bytes = encode_v1(batch());
    pbf_reader request(bytes);
    ASSERT_TRUE(request.next(1));
    pbf_reader series = request.get_message();
    std::vector<std::pair<std::string, std::string>> labels;
    const auto read_label = [&](pbf_reader label) {
        ASSERT_TRUE(label.next(1));
        const std::string name = label.get_string();
        ASSERT_TRUE(label.next(2));
        labels.emplace_back(name, label.get_string());
    };
    while (series.next()) {
        if (series.tag() == 1) {
            read_label(series.get_message());
        } else if (series.tag() == 2) {
            pbf_reader sample = series.get_message();
            ASSERT_TRUE(sample.next(1));
            EXPECT_EQ(sample.get_double(), 12);
            ASSERT_TRUE(sample.next(2));
            EXPECT_EQ(sample.get_int64(), 1700000000123);
        } else {
            ASSERT_EQ(series.tag(), 3U);
            pbf_reader exemplar = series.get_message();
            while (exemplar.next(1)) {
                read_label(exemplar.get_message());
            }
        }
    }
    EXPECT_THAT(labels, ElementsAre(Pair("__name__", "plimsoll_x_seconds_count"), Pair("job", "p"),
                                    Pair("span_id", "ef"), Pair("trace_id", "abcd")));
    ASSERT_TRUE(request.next(1));
    series = request.get_message();
    ASSERT_TRUE(series.next(4));
    expect_histogram(series.get_message());
    ASSERT_TRUE(request.next(3));
    pbf_reader metadata = request.get_message();
    ASSERT_TRUE(metadata.next(1));
    EXPECT_EQ(metadata.get_enum(), 3);  // HISTOGRAM
    ASSERT_TRUE(metadata.next(2));
    EXPECT_EQ(metadata.get_string(), "plimsoll_x_seconds");
    ASSERT_TRUE(metadata.next(4));
    EXPECT_EQ(metadata.get_string(), "Helps");
    ASSERT_TRUE(metadata.next(5));
    EXPECT_EQ(metadata.get_string(), "seconds");
    EXPECT_FALSE(request.next());
}

TEST(RemoteWriteMessage, Of20HasEachTextOnceAndMetadataWithEachSeries) {
    const std::string bytes = encode_v2(batch());
    pbf_reader request(bytes);
    std::vector<std::string> symbols;
    std::vector<pbf_reader> all;
    while (request.next()) {
        if (request.tag() == 4) {
            symbols.push_back(request.get_string());
        } else {
            ASSERT_EQ(request.tag(), 5U);
            all.push_back(request.get_message());
        }
    }
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(symbols.at(0), "");
    EXPECT_EQ(std::set<std::string>(symbols.begin(), symbols.end()).size(), symbols.size());
    const auto texts = [&](pbf_reader& message) {
        std::vector<std::string> out;
        for (const auto ref : message.get_packed_uint32()) {
            out.push_back(symbols.at(ref));
        }
        return out;
    };
    for (std::size_t i = 0; i < 2; ++i) {
        pbf_reader series = all[i];
        ASSERT_TRUE(series.next(1));
        EXPECT_THAT(texts(series), ElementsAre("__name__", "plimsoll_x_seconds_count", "job", "p"));
        if (i == 0) {
            ASSERT_TRUE(series.next(2));
            pbf_reader sample = series.get_message();
            ASSERT_TRUE(sample.next(1));
            EXPECT_EQ(sample.get_double(), 12);
            ASSERT_TRUE(series.next(4));
            pbf_reader exemplar = series.get_message();
            ASSERT_TRUE(exemplar.next(1));
            EXPECT_THAT(texts(exemplar), ElementsAre("span_id", "ef", "trace_id", "abcd"));
            ASSERT_TRUE(exemplar.next(2));
            EXPECT_EQ(exemplar.get_double(), 0.5);
        } else {
            ASSERT_TRUE(series.next(3));
            expect_histogram(series.get_message());
        }
        ASSERT_TRUE(series.next(5));
        pbf_reader metadata = series.get_message();
        ASSERT_TRUE(metadata.next(1));
        EXPECT_EQ(metadata.get_enum(), 3);
        ASSERT_TRUE(metadata.next(3));
        EXPECT_EQ(symbols.at(metadata.get_uint32()), "Helps");
        ASSERT_TRUE(metadata.next(4));
        EXPECT_EQ(symbols.at(metadata.get_uint32()), "seconds");
        ASSERT_TRUE(series.next(6));
        EXPECT_EQ(series.get_int64(), 1700000000000);
    }
}

TEST(RemoteWriteMessage, IsASnappyBlock) {
    const std::string text(10'000, 'x');
    const std::string block = snappy_block(text);
    EXPECT_LT(block.size(), 1000U);
    std::size_t size = 0;
    ASSERT_EQ(snappy_uncompressed_length(block.data(), block.size(), &size), SNAPPY_OK);
    std::string back(size, '\0');
    ASSERT_EQ(snappy_uncompress(block.data(), block.size(), back.data(), &size), SNAPPY_OK);
    EXPECT_EQ(back, text);
}

}  // namespace
}  // namespace plimsoll
