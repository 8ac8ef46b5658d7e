#include "analysis/diagnosis/pool_errors.hpp"

#include <algorithm>
#include <cctype>

namespace plimsoll {

const std::vector<PoolError>& pool_error_table() {
    // pgx and database/sql have no words of their own: their callers' "context deadline exceeded"
    // says nothing of what was waited for, and is no evidence.
    static const std::vector<PoolError> kTable{
        {"HikariCP", "connection is not available, request timed out",
         "HikariPool.createTimeoutException"},
        {"Spring JDBC", "failed to obtain jdbc connection", "DataSourceUtils.getConnection"},
        {"Spring JPA", "could not open jpa entitymanager for transaction",
         "JpaTransactionManager.doBegin"},
        {"Hibernate", "unable to acquire jdbc connection",
         "LogicalConnectionManagedImpl.acquireConnectionIfNeeded"},
        {"SQLAlchemy", "queuepool limit", "sqlalchemy.pool.impl.QueuePool._do_get"},
        {"node-postgres", "timeout exceeded when trying to connect", "pg-pool, index.js"},
        {"psycopg_pool", "couldn't get a connection after", "psycopg_pool.pool.getconn"},
        {"Prisma", "timed out fetching a new connection from the connection pool",
         "error P2024 of prisma-engines"},
        {"ActiveRecord", "could not obtain a connection from the pool",
         "ConnectionTimeoutError, connection_pool.rb"},
        {"ActiveRecord", "could not obtain a database connection within",
         "ConnectionTimeoutError before Rails 4.1"},
        {"Npgsql", "the connection pool has been exhausted", "NpgsqlConnector pool timeout"},
        {"Knex", "knex: timeout acquiring a connection", "client.acquireConnection"},
        {"Tomcat JDBC", "pool empty. unable to fetch a connection", "ConnectionPool.java"},
        {"DBCP", "cannot get a connection, pool error timeout waiting for idle object",
         "PoolingDataSource.getConnection"},
        {"c3p0", "attempt by a client to checkout a connection has timed out",
         "C3P0PooledConnectionPool.checkoutPooledConnection"},
        {"Agroal", "acquisition timeout while waiting for new connection",
         "io.agroal.pool.ConnectionPool.handlerFromSharedCache"},
        {"DBConnection (Ecto)", "connection not available and request was dropped from queue",
         "DBConnection.ConnectionPool.drop"},
        {"generic-pool", "resourcerequest timed out", "ResourceRequest, generic-pool"},
        {"r2d2", "timed out waiting for connection", "r2d2::Error"},
        {"SQLx", "pool timed out while waiting for an open connection",
         "sqlx::Error::PoolTimedOut"},
        {"any", "pool exhausted", "psycopg2's and others' wording"},
        {"any", "pool is exhausted", "others' wording"},
        {"any", "pool timeout", "others' wording"},
    };
    return kTable;
}

const std::vector<PoolError>& pooler_error_table() {
    static const std::vector<PoolError> kTable{
        {"PgBouncer", "query_wait_timeout", "janitor.c: no server connection came free in time"},
        {"PgBouncer", "no more connections allowed", "client.c: max_client_conn is reached"},
        {"PgBouncer", "client connections exceeded",
         "client.c: max_db_client_connections or max_user_client_connections is reached"},
    };
    return kTable;
}

const PoolError* pool_error_in(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const auto* table : {&pool_error_table(), &pooler_error_table()}) {
        for (const PoolError& error : *table) {
            if (lower.find(error.text) != std::string::npos) {
                return &error;
            }
        }
    }
    return nullptr;
}

}  // namespace plimsoll
