// Express with node-postgres. FAULT plants a cause:
//
// pool  the pool gives 4 connections
// cpu   each request computes for 12 ms
// leak  one request in 25 begins a transaction and never gives its connection back
import express from "express";
import pg from "pg";
import metrics from "prom-client";

const fault = process.env.FAULT ?? "none";
const max = Number(process.env.SIZE ?? (fault === "pool" ? 4 : 20));
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max, connectionTimeoutMillis: 3000 });
let requests = 0;

function compute(milliseconds) {
  const end = performance.now() + milliseconds;
  let value = 0;
  while (performance.now() < end) value = (value * 31 + 7) % 1000003;
  return value;
}

async function read(id) {
  const client = await pool.connect();
  requests += 1;
  if (fault === "leak" && requests % 25 === 0) {
    await client.query("BEGIN");
    const found = await client.query("SELECT name FROM items WHERE id = $1", [id]);
    return found.rows[0].name; // no COMMIT, no release()
  }
  try {
    const found = await client.query("SELECT name FROM items WHERE id = $1", [id]);
    await client.query("SELECT pg_sleep($1)", [fault === "cpu" ? 0.005 : 0.04]);
    return found.rows[0].name;
  } finally {
    client.release();
  }
}

metrics.collectDefaultMetrics();
const app = express();
app.get("/health", (_, response) => response.json({ ok: true }));
app.get("/metrics", async (_, response) => response.type(metrics.register.contentType).send(await metrics.register.metrics()));
app.get("/items/:id", async (request, response) => {
  if (fault === "cpu") compute(12);
  response.json({ id: Number(request.params.id), name: await read(request.params.id) });
});
// Express 5 hands a rejected promise here; what went wrong is the caller's to read, as in development.
app.use((error, _request, response, _next) => response.status(500).json({ error: error.message }));
app.listen(Number(process.argv[2]), "127.0.0.1");
