// The table of causes, and that the documentation is this table.
#include "analysis/diagnosis/causes.hpp"

#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/pool_errors.hpp"
#include "lab/fault_catalogue.hpp"

#include <cctype>
#include <cstdlib>
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

/// The page's part that is made from the table: all between these two headings.
constexpr std::string_view kFrom = "## The causes\n\n";
constexpr std::string_view kTo = "## What pools say\n";

std::string sections() {
    std::string text;
    for (const Cause& cause : cause_table()) {
        std::string title(cause.report);
        title.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(title.front())));
        text += "### " + std::string(cause.id) + "\n\n" + title +
                ". On the terminal: " + std::string(cause.terminal) +
                ".\n\nEvidence: " + std::string(cause.evidence) + ".\n\n";
        if (!cause.not_to_be_confused.empty()) {
            text += "Not to be confused with " + std::string(cause.not_to_be_confused) + ".\n\n";
        }
        std::string explained;
        for (const std::string_view outer : cause.explains) {
            explained += (explained.empty() ? "`" : ", `") + std::string(outer) + "`";
        }
        if (!explained.empty()) {
            text += "Explains, where both are seen: " + explained + ".\n\n";
        }
        if (!cause.lab_faults.empty()) {
            text += "To see it: `plimsoll lab";
            std::istringstream faults{std::string(cause.lab_faults)};
            for (std::string fault; faults >> fault;) {
                text += " --fault " + fault;
            }
            text += "`.\n\n";
        }
    }
    return text;
}

// docs/causes.md is made from the table: PLIMSOLL_UPDATE_GOLDEN=1 writes it anew.
TEST(Causes, AreDocumentedAsTheyStandInTheTable) {
    const std::string page = documentation();
    const auto from = page.find(kFrom);
    const auto to = page.find(kTo);
    ASSERT_NE(from, std::string::npos);
    ASSERT_NE(to, std::string::npos);
    const std::string head = page.substr(0, from) + std::string(kFrom);
    const std::string made = head + sections() + page.substr(to);
    if (std::getenv("PLIMSOLL_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(std::string(PLIMSOLL_SOURCE_DIR) + "/docs/causes.md") << made;
        return;
    }
    EXPECT_EQ(page, made) << "run it with PLIMSOLL_UPDATE_GOLDEN=1";
}

TEST(Causes, AreEachPlantedByAFaultOfTheLab) {
    for (const Cause& cause : cause_table()) {
        if (cause.id == "generator" || cause.id == "unknown") {
            continue;
        }
        std::istringstream faults{std::string(cause.lab_faults)};
        int count = 0;
        for (std::string fault; faults >> fault; ++count) {
            const auto parsed = LabFault::parse(fault);
            EXPECT_TRUE(parsed) << cause.id << ": " << fault;
        }
        EXPECT_GE(count, 1) << cause.id;
    }
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
        {"could not obtain a database connection within 5 seconds. The max pool size is currently "
         "5; consider increasing it.",
         "ActiveRecord"},
        {R"({"status":500,"message":"Could not open JPA EntityManager for transaction"})",
         "Spring JPA"},
        {"Npgsql.NpgsqlException: The connection pool has been exhausted, either raise 'Max Pool "
         "Size' (currently 10) or 'Timeout' (currently 15 seconds)",
         "Npgsql"},
        {"Knex: Timeout acquiring a connection. The pool is probably full. Are you missing a "
         ".transacting(trx) call?",
         "Knex"},
        {"[http-nio-8080-exec-7] Timeout: Pool empty. Unable to fetch a connection in 30 seconds, "
         "none available[size:10; busy:10; idle:0; lastwait:30000].",
         "Tomcat JDBC"},
        {"java.sql.SQLException: Cannot get a connection, pool error Timeout waiting for idle "
         "object, borrowMaxWaitDuration=PT10S",
         "DBCP"},
        {"java.sql.SQLException: An attempt by a client to checkout a Connection has timed out.",
         "c3p0"},
        {"java.sql.SQLException: Acquisition timeout while waiting for new connection", "Agroal"},
        {"connection not available and request was dropped from queue after 1548ms. This means "
         "requests are coming in and your connection pool cannot serve them fast enough.",
         "DBConnection (Ecto)"},
        {"SequelizeConnectionAcquireTimeoutError: ResourceRequest timed out", "generic-pool"},
        {"org.springframework.transaction.CannotCreateTransactionException: Could not open JDBC "
         "Connection for transaction",
         "Spring JDBC"},
        {"timed out waiting for connection: ", "r2d2"},
        {"pool timed out while waiting for an open connection", "SQLx"},
        {R"({"error":"Timeout occurred while waiting for a slot to become available"})",
         "deadpool"},
        {"Timed out in bb8", "bb8"},
        {"SequelizeConnectionAcquireTimeoutError: Operation timeout", "Sequelize"},
        {"Sequel::PoolTimeout: timeout: 3.0, elapsed: 3.0021", "Sequel"},
        {"connection pool exhausted", "any"},
        {"The pool is exhausted", "any"},
        {"db pool timeout", "any"},
        {"FATAL: query_wait_timeout", "PgBouncer"},
        {"ERROR:  no more connections allowed (max_client_conn)", "PgBouncer"},
        {"client connections exceeded (max_db_client_connections)", "PgBouncer"},
    };
    std::set<std::string> known;
    for (const auto& [text, library] : answers) {
        known.insert(library);
        const PoolError* const error = pool_error_in(text);
        ASSERT_NE(error, nullptr) << text;
        EXPECT_EQ(error->library, library);
    }
    for (const auto* table : {&pool_error_table(), &pooler_error_table()}) {
        for (const PoolError& error : *table) {
            EXPECT_TRUE(known.contains(std::string(error.library))) << error.library;
        }
    }
    // pgx and database/sql say no more than this, and so does everything else that waits.
    for (const char* other : {"context deadline exceeded", "upstream timed out",
                              "sorry, too many clients already", "swimming pool closed"}) {
        EXPECT_EQ(pool_error_in(other), nullptr) << other;
    }
}

TEST(PoolErrors, AreAllDocumented) {
    const std::string page = documentation();
    for (const auto* table : {&pool_error_table(), &pooler_error_table()}) {
        for (const PoolError& error : *table) {
            EXPECT_TRUE(documents(page, error.text)) << error.library;
            EXPECT_TRUE(documents(page, error.source)) << error.library;
            EXPECT_TRUE(documents(page, error.setting)) << error.library;
        }
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
