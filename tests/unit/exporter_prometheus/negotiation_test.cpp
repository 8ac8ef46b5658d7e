// Accept headers as scrapers send them.
#include "exporters/prometheus/negotiation.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(Negotiation, GivesPrometheusWhatItAsksForFirst) {
    // Prometheus 2.42, as it is and with native histograms; 3.
    EXPECT_EQ(wanted_exposition("application/openmetrics-text;version=1.0.0,application/"
                                "openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q="
                                "0.5,*/*;q=0.1"),
              Exposition::OpenMetrics);
    EXPECT_EQ(wanted_exposition(
                  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
                  "encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/"
                  "openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
              Exposition::Protobuf);
    EXPECT_EQ(wanted_exposition(
                  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                  "application/openmetrics-text;version=0.0.1;q=0.4,"
                  "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;"
                  "q=0.2,*/*;q=0.1"),
              Exposition::OpenMetrics);
}

TEST(Negotiation, GivesEveryoneElseText) {
    for (const char* accept :
         {"", "*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "application/json", ",;,q=1",
          "application/vnd.google.protobuf", "application/openmetrics-text;version=2.0.0",
          "application/"
          "vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text"}) {
        EXPECT_EQ(wanted_exposition(accept), Exposition::Text) << accept;
    }
}

TEST(Negotiation, WeighsByQAndTheOrderAmongEquals) {
    EXPECT_EQ(wanted_exposition("text/plain;q=0.9, application/openmetrics-text;q=0.8"),
              Exposition::Text);
    EXPECT_EQ(wanted_exposition("text/plain, application/openmetrics-text"), Exposition::Text);
    EXPECT_EQ(wanted_exposition("application/openmetrics-text;q=0, text/plain;q=0.1"),
              Exposition::Text);
}

}  // namespace
}  // namespace plimsoll
