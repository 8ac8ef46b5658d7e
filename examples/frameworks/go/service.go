// A service with net/http and pgx. FAULT plants a cause:
//
//	pool  pgxpool gives 4 connections
//	sql   database/sql gives 4 connections
//	max   database/sql without a limit, before a PostgreSQL that gives 20
//	idle  pgxpool gives 8 connections; each request waits 100 ms for something else inside its transaction
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const selectName = "SELECT name FROM items WHERE id = $1"
const selectSleep = "SELECT pg_sleep($1)"

type reader func(ctx context.Context, id int) (string, error)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func gauge(name string, value func() float64) {
	prometheus.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name}, value))
}

func openPool(url string, size int) *pgxpool.Pool {
	config, err := pgxpool.ParseConfig(url)
	check(err)
	config.MaxConns = int32(size)
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	check(err)
	gauge("pgxpool_max_conns", func() float64 { return float64(pool.Stat().MaxConns()) })
	gauge("pgxpool_acquired_conns", func() float64 { return float64(pool.Stat().AcquiredConns()) })
	gauge("pgxpool_idle_conns", func() float64 { return float64(pool.Stat().IdleConns()) })
	prometheus.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "pgxpool_empty_acquire_total"},
		func() float64 { return float64(pool.Stat().EmptyAcquireCount()) }))
	return pool
}

func readFromPool(pool *pgxpool.Pool, hold float64) reader {
	return func(ctx context.Context, id int) (string, error) {
		connection, err := pool.Acquire(ctx)
		if err != nil {
			return "", err
		}
		defer connection.Release()
		var name string
		if err := connection.QueryRow(ctx, selectName, id).Scan(&name); err != nil {
			return "", err
		}
		_, err = connection.Exec(ctx, selectSleep, hold)
		return name, err
	}
}

func readInTransaction(pool *pgxpool.Pool, wait time.Duration) reader {
	return func(ctx context.Context, id int) (string, error) {
		transaction, err := pool.Begin(ctx)
		if err != nil {
			return "", err
		}
		defer transaction.Rollback(ctx)
		var name string
		if err := transaction.QueryRow(ctx, selectName, id).Scan(&name); err != nil {
			return "", err
		}
		time.Sleep(wait) // the call of another service
		return name, transaction.Commit(ctx)
	}
}

func readFromSQL(database *sql.DB, hold float64) reader {
	prometheus.MustRegister(collectors.NewDBStatsCollector(database, "items"))
	return func(ctx context.Context, id int) (string, error) {
		connection, err := database.Conn(ctx)
		if err != nil {
			return "", err
		}
		defer connection.Close()
		var name string
		if err := connection.QueryRowContext(ctx, selectName, id).Scan(&name); err != nil {
			return "", err
		}
		_, err = connection.ExecContext(ctx, selectSleep, hold)
		return name, err
	}
}

func open(fault, url string, size int) reader {
	switch fault {
	case "sql", "max":
		database, err := sql.Open("pgx", url)
		check(err)
		if fault == "sql" {
			database.SetMaxOpenConns(size)
			database.SetMaxIdleConns(size)
			return readFromSQL(database, 0.04)
		}
		return readFromSQL(database, 0.15)
	case "idle":
		return readInTransaction(openPool(url, size), 100*time.Millisecond)
	}
	return readFromPool(openPool(url, size), 0.04)
}

func main() {
	fault := os.Getenv("FAULT")
	size := map[string]int{"pool": 4, "sql": 4, "idle": 8}[fault]
	if size == 0 {
		size = 20
	}
	if given := os.Getenv("SIZE"); given != "" {
		var err error
		size, err = strconv.Atoi(given)
		check(err)
	}
	read := open(fault, os.Getenv("DATABASE_URL"), size)
	http.Handle("GET /metrics", promhttp.Handler())
	http.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"ok": true}`)) })
	http.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, request *http.Request) {
		id, err := strconv.Atoi(request.PathValue("id"))
		if err != nil {
			http.Error(w, "id: must be a number", http.StatusBadRequest)
			return
		}
		ctx, cancel := context.WithTimeout(request.Context(), 3*time.Second)
		defer cancel()
		name, err := read(ctx, id)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"id": id, "name": name})
	})
	check(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
