#include "lab/database_connection.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(TidyPgMessage, KeepsTheServersWordsOnly) {
    EXPECT_EQ(
        tidy_pg_message("connection to server on socket \"/tmp/x/.s.PGSQL.1\" failed: FATAL:  "
                        "sorry, too many clients already\n"),
        "FATAL: sorry, too many clients already");
    EXPECT_EQ(tidy_pg_message("ERROR:  relation \"x\" does not exist\nLINE 1: SELECT\n"),
              "ERROR: relation \"x\" does not exist");
    EXPECT_EQ(tidy_pg_message("connection to server at \"127.0.0.1\", port 1 failed: Connection "
                              "refused\n\tIs the server running on that host?\n"),
              "Connection refused");
    EXPECT_EQ(tidy_pg_message("server closed the connection unexpectedly\n\tThis probably means\n"),
              "server closed the connection unexpectedly");
    EXPECT_EQ(tidy_pg_message(""), "");
}

TEST(DatabaseConnection, DoesNotRepeatAMalformedConnectionString) {
    DatabaseConnection connection;
    const auto status = connection.connect("host=localhost password=se same", Clock::now());
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().what, "the connection string is not valid");
    EXPECT_EQ(status.error().to_string().find("same"), std::string::npos);
    EXPECT_FALSE(connection.usable());
}

}  // namespace
}  // namespace plimsoll
