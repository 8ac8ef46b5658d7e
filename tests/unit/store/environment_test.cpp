#include "store/environment.hpp"

#include <cstdio>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

// FIPS 180-4 examples, and `sha256sum` for the third.
TEST(Sha256, GivesTheStandardsExamples) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex("abc"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// 55, 56 and 64 bytes are where the padding takes a new block; values from sha256sum.
TEST(Sha256, PadsAtBlockBordersAsTheStandardSays) {
    EXPECT_EQ(sha256_hex(std::string(55, 'x')),
              "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072");
    EXPECT_EQ(sha256_hex(std::string(56, 'x')),
              "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e");
    EXPECT_EQ(sha256_hex(std::string(64, 'x')),
              "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c");
}

TEST(Environment, TellsTheCoresOfThisMachine) {
    EXPECT_EQ(describe_environment().at("env.cores"),
              std::to_string(std::thread::hardware_concurrency()));
}

TEST(Environment, TellsTheProcessorAsTheKernelNamesIt) {
    std::FILE* const grep =
        ::popen("grep -m1 '^model name' /proc/cpuinfo | cut -d: -f2- | sed 's/^ *//'", "r");
    ASSERT_NE(grep, nullptr);
    std::string named(200, '\0');
    named.resize(std::fread(named.data(), 1, named.size(), grep));
    ::pclose(grep);
    const auto facts = describe_environment();
    const auto told = facts.find("env.cpu");
    // Some architectures have no such line.
    EXPECT_EQ(told == facts.end() ? "" : told->second + "\n", named);
}

}  // namespace
}  // namespace plimsoll
