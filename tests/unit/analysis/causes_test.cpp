// The table of causes, and that the documentation is this table.
#include "analysis/diagnosis/causes.hpp"

#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/pool_errors.hpp"

#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

std::string documentation() {
    std::ifstream file(std::string(PLIMSOLL_SOURCE_DIR) + "/docs/causes.md");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

bool documents(const std::string& page, std::string_view text) {
    return page.find(text) != std::string::npos;
}

TEST(Causes, AreDocumentedAsTheyStandInTheTable) {
    const std::string page = documentation();
    std::set<std::string> headings;
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("### ")) {
            headings.insert(line.substr(4));
        }
    }
    std::set<std::string> ids;
    for (const Cause& cause : cause_table()) {
        ids.insert(std::string(cause.id));
        EXPECT_TRUE(documents(page, cause.evidence)) << cause.id;
        EXPECT_TRUE(documents(page, cause.not_to_be_confused)) << cause.id;
        EXPECT_TRUE(documents(page, cause.terminal)) << cause.id;
    }
    EXPECT_EQ(headings, ids);
}

TEST(Causes, ExplainOnlyWhatStandsInTheTableAndNeverEachOther) {
    for (const Cause& cause : cause_table()) {
        for (const std::string_view outer : cause.explains) {
            EXPECT_NE(find_cause(outer), nullptr) << cause.id << " explains " << outer;
            EXPECT_FALSE(explains(outer, cause.id)) << cause.id << " and " << outer;
        }
    }
}

TEST(PoolErrors, AreKnownByTheirLibrariesWords) {
    const std::vector<std::pair<std::string, std::string>> answers{
        {"HikariPool-1 - Connection is not available, request timed out after 30002ms.",
         "HikariCP"},
        {R"({"error":"Failed to obtain JDBC Connection"})", "Spring JDBC"},
        {"Unable to acquire JDBC Connection", "Hibernate"},
        {"QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00",
         "SQLAlchemy"},
        {R"({"error":"timeout exceeded when trying to connect"})", "node-postgres"},
        {"psycopg_pool.PoolTimeout: couldn't get a connection after 15 sec", "psycopg_pool"},
        {"Timed out fetching a new connection from the connection pool. More info: ...", "Prisma"},
        {"could not obtain a connection from the pool within 5.000 seconds (waited 5.001 seconds); "
         "all pooled connections were in use",
         "ActiveRecord"},
    };
    for (const auto& [text, library] : answers) {
        const PoolError* const error = pool_error_in(text);
        ASSERT_NE(error, nullptr) << text;
        EXPECT_EQ(error->library, library);
    }
    for (const char* other : {"context deadline exceeded", "upstream timed out",
                              "sorry, too many clients already", "swimming pool closed"}) {
        EXPECT_EQ(pool_error_in(other), nullptr) << other;
    }
}

TEST(PoolErrors, AreAllDocumented) {
    const std::string page = documentation();
    for (const PoolError& error : pool_error_table()) {
        EXPECT_TRUE(documents(page, error.text)) << error.library;
        EXPECT_TRUE(documents(page, error.source)) << error.library;
    }
}

TEST(Confidence, FallsWithContradictionAndWithAbsenceAlike) {
    const auto of = [](bool direct, int sources, const std::function<void(Claim&)>& change) {
        Claim claim;
        claim.direct = direct;
        claim.sources = sources;
        change(claim);
        return conclude(claim).confidence;
    };
    const auto nothing = [](Claim&) {};
    const auto contradicted = [](Claim& claim) { claim.against.emplace_back("slower too"); };
    const auto unchecked = [](Claim& claim) { claim.lacks("a canary"); };
    const auto blind = [](Claim& claim) { claim.blind_to("the database"); };
    EXPECT_EQ(of(true, 1, nothing), "high");
    EXPECT_EQ(of(true, 1, contradicted), "medium");
    EXPECT_EQ(of(true, 1, unchecked), "medium");
    EXPECT_EQ(of(true, 2, blind), "low");
    EXPECT_EQ(of(false, 2, nothing), "medium");
    EXPECT_EQ(of(false, 2, contradicted), "low");
    EXPECT_EQ(of(false, 2, unchecked), "low");
    EXPECT_EQ(of(false, 1, nothing), "low");
}

}  // namespace
}  // namespace plimsoll
