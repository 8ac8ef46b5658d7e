#include "analysis/diagnosis/pool_errors.hpp"

#include <algorithm>
#include <cctype>

namespace plimsoll {

const std::vector<PoolError>& pool_error_table() {
    // pgx and database/sql have no words of their own: their callers' "context deadline exceeded"
    // says nothing of what was waited for, and is no evidence.
    static const std::vector<PoolError> kTable{
        {"HikariCP", "connection is not available, request timed out",
         "HikariPool.createTimeoutException", "maximumPoolSize"},
        {"Spring JDBC", "failed to obtain jdbc connection", "DataSourceUtils.getConnection",
         "spring.datasource.hikari.maximum-pool-size"},
        {"Spring JDBC", "could not open jdbc connection for transaction",
         "DataSourceTransactionManager.doBegin", "spring.datasource.hikari.maximum-pool-size"},
        {"Spring JPA", "could not open jpa entitymanager for transaction",
         "JpaTransactionManager.doBegin", "spring.datasource.hikari.maximum-pool-size"},
        {"Hibernate", "unable to acquire jdbc connection",
         "LogicalConnectionManagedImpl.acquireConnectionIfNeeded",
         "the maximum of the pool that Hibernate uses, such as HikariCP's maximumPoolSize"},
        {"SQLAlchemy", "queuepool limit", "sqlalchemy.pool.impl.QueuePool._do_get",
         "pool_size and max_overflow together"},
        {"node-postgres", "timeout exceeded when trying to connect", "pg-pool, index.js",
         "max in new Pool({max: ...})"},
        {"psycopg_pool", "couldn't get a connection after", "psycopg_pool.pool.getconn",
         "max_size"},
        {"Prisma", "timed out fetching a new connection from the connection pool",
         "error P2024 of prisma-engines", "connection_limit in the database URL"},
        {"ActiveRecord", "could not obtain a connection from the pool",
         "ConnectionTimeoutError, connection_pool.rb", "pool in database.yml"},
        {"ActiveRecord", "could not obtain a database connection within",
         "ConnectionTimeoutError before Rails 4.1", "pool in database.yml"},
        {"Npgsql", "the connection pool has been exhausted", "NpgsqlConnector pool timeout",
         "Maximum Pool Size in the connection string"},
        {"Knex", "knex: timeout acquiring a connection", "client.acquireConnection", "pool.max"},
        {"Tomcat JDBC", "pool empty. unable to fetch a connection", "ConnectionPool.java",
         "maxActive"},
        {"DBCP", "cannot get a connection, pool error timeout waiting for idle object",
         "PoolingDataSource.getConnection", "maxTotal"},
        {"c3p0", "attempt by a client to checkout a connection has timed out",
         "C3P0PooledConnectionPool.checkoutPooledConnection", "maxPoolSize"},
        {"Agroal", "acquisition timeout while waiting for new connection",
         "io.agroal.pool.ConnectionPool.handlerFromSharedCache",
         "quarkus.datasource.jdbc.max-size"},
        {"DBConnection (Ecto)", "connection not available and request was dropped from queue",
         "DBConnection.ConnectionPool.drop", "pool_size"},
        {"generic-pool", "resourcerequest timed out", "ResourceRequest, generic-pool", "max"},
        {"r2d2", "timed out waiting for connection", "r2d2::Error", "max_size"},
        {"SQLx", "pool timed out while waiting for an open connection", "sqlx::Error::PoolTimedOut",
         "max_connections of PoolOptions"},
        {"deadpool", "timeout occurred while waiting for a slot to become available",
         "deadpool::managed::PoolError::Timeout", "max_size of PoolConfig"},
        {"bb8", "timed out in bb8", "bb8::RunError::TimedOut", "max_size of Pool::builder()"},
        {"Sequelize", "connectionacquiretimeouterror", "sequelize-pool, TimeoutError", "pool.max"},
        {"Sequel", "sequel::pooltimeout", "Sequel::PoolTimeout, connection_pool/",
         "max_connections"},
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
