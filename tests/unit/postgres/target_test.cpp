#include "probes/postgres/target.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

TEST(PgTarget, ShowsTheServerAndNothingElse) {
    const auto target = PgTarget::parse("postgresql://web:hunter2@db.example:6432/shop");
    ASSERT_TRUE(target.ok());
    EXPECT_EQ(target->where(), "postgres at db.example:6432/shop");
    EXPECT_EQ(target->host_to_look_up(), "db.example");
    EXPECT_THAT(target->parameters(), Contains(Pair("password", "hunter2")));
    EXPECT_THAT(target->parameters(), Contains(Pair("application_name", "plimsoll")));
    EXPECT_EQ(target->redact("user web with hunter2, hunter2"), "user web with ***, ***");
}

TEST(PgTarget, NamesItsConnectionsWhateverTheDsnSays) {
    const auto target = PgTarget::parse("host=/run/pg dbname=shop application_name=web");
    ASSERT_TRUE(target.ok());
    EXPECT_THAT(target->parameters(), Contains(Pair("application_name", "plimsoll")));
    EXPECT_THAT(target->parameters(), Not(Contains(Pair("application_name", "web"))));
    EXPECT_EQ(target->host_to_look_up(), "");
    EXPECT_EQ(target->where(), "postgres at /run/pg:5432/shop");
}

TEST(PgTarget, LooksUpNoAddressAndNoList) {
    EXPECT_EQ(PgTarget::parse("host=db hostaddr=10.0.0.1")->host_to_look_up(), "");
    EXPECT_EQ(PgTarget::parse("host=a,b port=1,2")->host_to_look_up(), "");
    EXPECT_EQ(PgTarget::parse("dbname=shop")->host_to_look_up(), "");
}

TEST(PgTarget, RefusesWhatCannotBeReadWithoutRepeatingAnyOfIt) {
    // libpq's own messages repeat parts of all of these, or read them as host, port and database.
    for (const char* dsn : {"postgresql://u:se@cret@h/db", "postgresql://u:se/cret@h/db",
                            "password=se cret", "postgresql://u:secret@h:5x/db",
                            "postgresql://u:secret@h/db?secret=1", "postgresql://u:se%zzcret@h/db",
                            "postgresql://u:secret@[::1/db", "secret", "host=h port=cret", ""}) {
        const auto target = PgTarget::parse(dsn);
        ASSERT_FALSE(target.ok()) << dsn;
        const std::string text = target.error().to_string();
        EXPECT_THAT(text, HasSubstr("the PostgreSQL connection string cannot be read")) << dsn;
        EXPECT_THAT(text, HasSubstr("postgresql://user:password@host:5432/dbname")) << dsn;
        EXPECT_THAT(text, Not(HasSubstr("cret"))) << dsn;
    }
}

TEST(PgTarget, TakesAnEscapedPassword) {
    const auto target = PgTarget::parse("postgresql://u:s%40c%2Fr@h/db");
    ASSERT_TRUE(target.ok());
    EXPECT_THAT(target->parameters(), Contains(Pair("password", "s@c/r")));
}

}  // namespace
}  // namespace plimsoll
