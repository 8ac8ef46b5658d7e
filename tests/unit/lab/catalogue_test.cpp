#include "lab/fault_catalogue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(FaultCatalogue, ExamplesAndDefaultsAreValid) {
    for (const FaultType& type : fault_types()) {
        const auto example = LabFault::parse(type.example);
        ASSERT_TRUE(example.ok()) << type.example << ": " << example.error().to_string();
        EXPECT_EQ(example->name(), type.name);
        EXPECT_EQ(example->to_string(), type.example);
        EXPECT_FALSE(type.plants.empty());
        EXPECT_FALSE(type.expect.empty());
        for (const FaultKey& key : type.keys) {
            EXPECT_FALSE(key.meaning.empty());
            if (!key.fallback.empty()) {
                EXPECT_TRUE(parse_fault_value(key, key.fallback).ok()) << type.name << key.name;
            }
        }
    }
}

TEST(FaultCatalogue, ManualNamesEveryFaultAndKey) {
    const std::string manual = fault_manual();
    for (const FaultType& type : fault_types()) {
        EXPECT_THAT(manual, HasSubstr("--fault " + std::string(type.example)));
        for (const FaultKey& key : type.keys) {
            EXPECT_THAT(manual, HasSubstr("    " + std::string(key.name) + " "));
        }
    }
}

TEST(LabFault, ReadsEveryUnit) {
    const auto network =
        LabFault::parse("network:latency=1.5ms,bandwidth=64KiB,reset_rate=2.5%,stall=yes");
    ASSERT_TRUE(network.ok());
    EXPECT_EQ(network->duration("latency"), 1500us);
    EXPECT_EQ(network->number("bandwidth"), 65536);
    EXPECT_DOUBLE_EQ(network->number("reset_rate"), 0.025);
    EXPECT_TRUE(network->flag("stall"));
    EXPECT_EQ(network->duration("jitter"), 0s);
    EXPECT_EQ(LabFault::parse("network")->find("bandwidth"), std::nullopt);
    EXPECT_EQ(LabFault::parse("rate-limit:rate=600/m")->number("rate"), 10);
    EXPECT_EQ(LabFault::parse("cpu-quota:cores=0.3")->number("cores"), 0.3);
    EXPECT_EQ(LabFault::parse("app-pool:size=5")->count("overflow"), 0);
}

TEST(LabFault, ExplainsBadValues) {
    const auto error = [](const char* text) { return LabFault::parse(text).error().to_string(); };
    EXPECT_EQ(error("cpu-quota:cores=0"),
              "fault: cores must be a number from 0.02 to 1024, got \"0\"");
    EXPECT_EQ(error("network:reset_rate=0.5"),
              "fault: reset_rate must be a share in % from 0% to 100%, got \"0.5\"");
    EXPECT_EQ(error("network:stall=true"), "fault: stall must be yes or no, got \"true\"");
    EXPECT_EQ(error("memory-growth:per_request=5MB").substr(0, 62),
              "fault: per_request must be a size in B, KiB, MiB or GiB from 1");
    EXPECT_EQ(error("rate-limit:rate=50"),
              "fault: rate must be a rate, as 50/s, from 0.1/s to 1000000/s, got \"50\"");
    EXPECT_EQ(error("app-pool:size=1e2"),
              "fault: size must be a whole number from 1 to 500, got \"1e2\"");
}

}  // namespace
}  // namespace plimsoll
