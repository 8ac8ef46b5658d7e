#include "ui/chart_feed.hpp"

#include "report/run_data.hpp"

#include <cmath>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

namespace json = boost::json;
using report::Chart;

Chart chart(std::vector<double> x, std::vector<double> y) {
    Chart made{.id = "rate", .title = "Rate", .unit = "rate"};
    made.x = std::move(x);
    made.series.push_back({"ok", "blue", false, true, std::move(y)});
    return made;
}

json::object told(ChartFeed& feed, Chart now) {
    json::object message;
    feed.tell({std::move(now)}, message);
    return message;
}

/// What a viewer has after it has followed the updates as docs/ui.md says.
struct Viewer {
    std::vector<json::value> x, y;
    void hear(const json::object& message) {
        if (const auto* const fresh = message.if_contains("new_charts")) {
            const auto& whole = fresh->as_array().at(0).as_object();
            x.assign(whole.at("x").as_array().begin(), whole.at("x").as_array().end());
            const auto& values = whole.at("series").as_array().at(0).as_object().at("y").as_array();
            y.assign(values.begin(), values.end());
        }
        if (const auto* const updates = message.if_contains("charts")) {
            const auto& update = updates->as_array().at(0).as_object();
            if (update.contains("keep")) {
                const auto keep = static_cast<std::size_t>(update.at("keep").to_number<int>());
                x.resize(keep);
                y.resize(keep);
                const auto& more = update.at("x").as_array();
                x.insert(x.end(), more.begin(), more.end());
                const auto& values = update.at("y").as_array().at(0).as_array();
                y.insert(y.end(), values.begin(), values.end());
            }
        }
    }
};

TEST(ChartFeed, TellsAChartAsAWholeAndThenWhatIsNew) {
    ChartFeed feed;
    EXPECT_TRUE(told(feed, chart({0.5, 1.5}, {10, 20})).contains("new_charts"));
    EXPECT_EQ(json::serialize(told(feed, chart({0.5, 1.5, 2.5}, {10, 20, 30}))),
              R"({"charts":[{"keep":2,"x":[2.5E0],"y":[[3E1]],"id":"rate"}]})");
}

TEST(ChartFeed, SaysNothingWhereNothingIsNew) {
    ChartFeed feed;
    told(feed, chart({0.5, 1.5}, {10, report::kNoValue}));
    EXPECT_TRUE(told(feed, chart({0.5, 1.5}, {10, report::kNoValue})).empty());
}

TEST(ChartFeed, LeadsAViewerToTheSameChartWhateverChanges) {
    ChartFeed feed;
    Viewer viewer;
    const double none = report::kNoValue;
    const std::vector<std::pair<std::vector<double>, std::vector<double>>> steps{
        {{1, 2}, {10, 20}},
        {{1, 2, 3}, {10, 20, none}},
        {{1, 2, 3, 4}, {10, 20, 30, 40}},  // a value that came late
        {{1.5, 3.5, 5}, {20, 40, 50}},     // thinned
        {{1.5}, {20}},
        {{1.5}, {21}}};
    for (const auto& [x, y] : steps) {
        viewer.hear(told(feed, chart(x, y)));
        ASSERT_EQ(viewer.x.size(), x.size());
        ASSERT_EQ(viewer.y.size(), y.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
            EXPECT_EQ(viewer.x[i].to_number<double>(), x[i]);
            if (std::isnan(y[i])) {
                EXPECT_TRUE(viewer.y[i].is_null());
            } else {
                EXPECT_EQ(viewer.y[i].to_number<double>(), y[i]);
            }
        }
    }
}

TEST(ChartFeed, TellsAChartAnewWhereItsSeriesChange) {
    ChartFeed feed;
    told(feed, chart({1}, {10}));
    Chart more = chart({1}, {10});
    more.series.push_back({"failed", "red", false, true, {1}});
    const json::object message = told(feed, more);
    EXPECT_TRUE(message.contains("new_charts"));
    EXPECT_FALSE(message.contains("charts"));
    EXPECT_EQ(feed.whole().size(), 1U);
}

TEST(ChartFeed, TellsLinesAndSentencesWhereTheyChange) {
    ChartFeed feed;
    told(feed, chart({1}, {10}));
    Chart now = chart({1}, {10});
    now.message = "At most 10.";
    now.lines.push_back({"limit 5", "red", 5, true});
    const auto update = told(feed, now).at("charts").as_array().at(0).as_object();
    EXPECT_EQ(update.at("message").as_string(), "At most 10.");
    EXPECT_EQ(update.at("lines").as_array().size(), 1U);
    EXPECT_FALSE(update.contains("keep"));
    EXPECT_FALSE(update.contains("marks"));
}

}  // namespace
}  // namespace plimsoll
