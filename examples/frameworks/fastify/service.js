// Fastify with knex (its pool is tarn) over node-postgres. FAULT plants a cause:
//
// pool      the pool gives 4 connections
// cpu       each request computes for 12 ms
// leak      a pool of 20; one request in 25 begins a transaction and never ends it
// idle      a pool of 8; each request waits 100 ms for something else inside its transaction
// nested    a pool of 8; inside its transaction each request asks for a second connection
// upstream  each request asks another service first
// login     people sign in: bcrypt hashes on libuv's threads
import { setTimeout as sleep } from "node:timers/promises";

import bcrypt from "bcrypt";
import Fastify from "fastify";
import Knex from "knex";
import metrics from "prom-client";

const fault = process.env.FAULT ?? "none";
const max = Number(process.env.SIZE ?? { pool: 4, idle: 8, nested: 8 }[fault] ?? 20);
const knex = Knex({
  client: "pg",
  connection: process.env.DATABASE_URL,
  pool: { min: 0, max },
  acquireConnectionTimeout: 3000,
});
const hash = await bcrypt.hash("a password", 10);
let requests = 0;

function compute(milliseconds) {
  const end = performance.now() + milliseconds;
  let value = 0;
  while (performance.now() < end) value = (value * 31 + 7) % 1000003;
  return value;
}

async function leak(id) {
  const transaction = await knex.transaction();
  const found = await transaction("items").where({ id }).first("name");
  return found.name; // no commit()
}

function read(id) {
  return knex.transaction(async (transaction) => {
    const found = await transaction("items").where({ id }).first("name");
    if (fault === "idle") {
      await sleep(100); // the call of another service
      return found.name;
    }
    if (fault === "nested") await knex.raw("SELECT pg_sleep(0.02)"); // not transaction.raw()
    await transaction.raw("SELECT pg_sleep(?)", [["none", "pool", "leak"].includes(fault) ? 0.04 : 0.005]);
    return found.name;
  });
}

metrics.collectDefaultMetrics();
const app = Fastify();
app.get("/health", () => ({ ok: true }));
app.get("/metrics", (_, reply) => {
  reply.type(metrics.register.contentType);
  return metrics.register.metrics();
});
app.get("/items/:id", async (request) => {
  const id = Number(request.params.id);
  requests += 1;
  if (fault === "cpu") compute(12);
  if (fault === "upstream") await (await fetch(process.env.UPSTREAM_URL)).text();
  return { id, name: await (fault === "leak" && requests % 25 === 0 ? leak(id) : read(id)) };
});
app.post("/login", async (request, reply) => {
  const { id } = await knex("items").where({ id: request.body.user }).first("id");
  if (!(await bcrypt.compare(request.body.password, hash))) return reply.code(401).send({ error: "wrong password" });
  return { user: id };
});
await app.listen({ port: Number(process.argv[2]), host: "127.0.0.1" });
