#include "probes/postgres/refusals.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(ConnectFailure, ReadsTheCodeThatALateClientGetsInEitherWording) {
    const ConnectFailure reserved = read_connect_failure(
        "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  53300: remaining "
        "connection slots are reserved for non-replication superuser connections\n"
        "LOCATION:  InitPostgres, postinit.c:886\n");
    EXPECT_EQ(reserved.sqlstate, "53300");
    EXPECT_EQ(reserved.text,
              "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  remaining "
              "connection slots are reserved for non-replication superuser connections");
    EXPECT_EQ(read_connect_failure("FATAL:  53300: sorry, too many clients already\n").sqlstate,
              "53300");
    EXPECT_EQ(read_connect_failure("FATAL:  sorry, too many clients already").sqlstate, "53300");
    EXPECT_EQ(read_connect_failure("FATAL:  remaining connection slots are reserved for roles with "
                                   "the SUPERUSER attribute")
                  .sqlstate,
              "53300");
    EXPECT_EQ(read_connect_failure("FATAL:  too many connections for role \"web\"").sqlstate,
              "53300");
}

TEST(ConnectFailure, ReadsTheCodeInAnyLanguage) {
    EXPECT_EQ(read_connect_failure("FEHLER:  53300: tut mir leid, schon zu viele Verbindungen\n")
                  .sqlstate,
              "53300");
}

TEST(ConnectFailure, HasNoCodeWhenNobodyAnswered) {
    const ConnectFailure failure = read_connect_failure(
        "connection to server at \"127.0.0.1\", port 1 failed: Connection refused\n"
        "\tIs the server running on that host and accepting TCP/IP connections?\n");
    EXPECT_EQ(failure.sqlstate, "");
    EXPECT_EQ(failure.text,
              "connection to server at \"127.0.0.1\", port 1 failed: Connection refused; "
              "Is the server running on that host and accepting TCP/IP connections?");
}

TEST(Refusals, StartAtZeroForTooManyConnectionsAndLeaveOutWhatHasNoCode) {
    Refusals refusals;
    EXPECT_EQ(refusals.by_sqlstate(), (std::map<std::string, std::uint64_t>{{"53300", 0}}));
    refusals.count("53300");
    refusals.count("53300");
    refusals.count("57P03");
    refusals.count("");
    EXPECT_EQ(refusals.by_sqlstate(),
              (std::map<std::string, std::uint64_t>{{"53300", 2}, {"57P03", 1}}));
}

}  // namespace
}  // namespace plimsoll
