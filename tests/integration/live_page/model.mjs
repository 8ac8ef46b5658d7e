// A run as the live page hears of it: a pool of five connections, each held for 20 ms, under a rising rate. It
// carries 250 requests a second; what comes above that waits.

export const kPool = 5;
export const kHold_s = 0.02;
export const kLimit = kPool / kHold_s;
export const kBoundaries = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

const figure = (value) => Number(value.toPrecision(4));
const line = (label, colour, y, more = {}) => ({ label, colour, dashed: false, filled: false, y, ...more });
const chart = (order, id, title, unit, message, series, more = {}) => ({
  id, order, kind: "lines", title, message, unit, joined: false, log_switch: false, x: [], series, lines: [], marks: [], ...more,
});

export function emptyCharts() {
  const heat = kBoundaries.slice(1).map((edge) => line("< " + edge + " s", "blue", []));
  return [
    chart(0, "rate", "Offered and achieved rate, failures", "rate", "Offered load rises.", [
      line("requests succeeded", "blue", [], { filled: true }), line("arrivals offered", "ink", [], { dashed: true }), line("http_5xx", "red", [])]),
    chart(1, "latency", "Response and service time", "seconds", "Response times so far.", [
      line("response p99", "purple", []), line("response p95", "blue", []), line("response p50", "green", []), line("service p50", "orange", [], { dashed: true })], { log_switch: true }),
    chart(2, "heatmap", "How many requests took how long", "seconds", "The darker, the more requests.", heat, { kind: "heatmap", edges: kBoundaries }),
    chart(3, "in_flight", "Requests in flight and users", "count", "Requests in flight so far.", [line("requests in flight", "blue", [], { filled: true })]),
    chart(4, "database", "Database connections", "count", "The application holds at most 5 connections of 100.", [
      line("active", "blue", []), line("idle", "grey", [])], { lines: [{ label: "pool 5", colour: "orange", value: 5, far: false }, { label: "max_connections 100", colour: "red", value: 100, far: true }] }),
    chart(5, "waiting", "Who waits for a connection", "count", "Requests that wait for a connection of the pool.", [line("waiting", "orange", [], { filled: true })]),
    chart(6, "cpu", "CPU by role", "cores", "No role was near its limit.", [line("app", "blue", []), line("database", "green", []), line("generator", "grey", [])]),
    chart(7, "canaries", "Canaries", "seconds", "The canary without the database stays fast.", [line("no_database", "green", [])], { joined: true, log_switch: true }),
  ];
}

// The second that ends at `t`, at `offered` arrivals a second; `waiting` who waited before it.
export function second(t, offered, waitingBefore) {
  const wave = Math.sin(t / 3);
  const achieved = Math.min(offered * (1 + 0.03 * wave), kLimit);
  const waiting = Math.min(600, Math.max(0, waitingBefore + offered - kLimit));
  const delay = waiting / kLimit;
  const p50 = kHold_s + delay;
  const failed = delay > 2 ? 4 + wave : 0;
  const busy = Math.min(kPool, achieved * kHold_s);
  const heat = kBoundaries.slice(1).map((edge, i) => {
    const distance = Math.log(Math.sqrt(edge * kBoundaries[i]) / (p50 * 1.1));
    return Math.round(achieved * Math.exp(-2 * distance * distance) * 0.5);
  });
  return {
    t, offered, achieved: figure(achieved), failed, waiting, p50, p95: figure(p50 * (1.8 + 0.2 * wave)), p99: figure(p50 * 2.6 + 0.004 * wave),
    in_flight: figure(achieved * p50 + waiting),
    columns: {
      rate: [figure(achieved - failed), figure(offered), figure(failed)],
      latency: [figure(p50 * 2.6), figure(p50 * 1.8), figure(p50), kHold_s],
      heatmap: heat,
      in_flight: [figure(achieved * p50 + waiting)],
      database: [figure(busy), figure(kPool - busy)],
      waiting: [figure(waiting)],
      cpu: [figure(achieved / 500), figure(achieved / 400), figure(0.05 + achieved / 5000)],
      canaries: [0.0012 + 0.0002 * wave],
    },
  };
}

export const endpoints = [
  { user: "reader", name: "/v1/deployments [LIST]", method: "GET", share: 0.6 },
  { user: "reader", name: "/v1/deployments/${id}", method: "GET", share: 0.3 },
  { user: "reader", name: "[WORKFLOW] Create deployment", method: "POST", share: 0.1 },
];

const check = (name, ok, value, limit, why) => ({ name, ok, value, limit, why });
const threshold = (now) => ({
  metric: "http_req_duration", expression: "p(95)<500ms", text: "p(95)<500ms", ok: now.p95 < 0.5, state: now.p95 < 0.5 ? "passed" : "failed",
  value: now.p95, value_text: Math.round(1000 * now.p95) + " ms", limit: 0.5, margin: (0.5 - now.p95) / 0.5, why: null,
});

export const fix = "Raise the application's pool from 5 to at least 9 connections; the database has room for 95 more.";

export function verdict(now, broke_s, final) {
  const found = broke_s !== null;
  return {
    t: now.t, final,
    headline: found ? "Broke at 250 requests/s (" + broke_s + " s): application connection pool exhausted — 5 connections, should be 9" : "Nothing broke up to " + Math.round(now.offered) + " requests/s",
    notes: found ? ["Requests wait for one of 5 connections while the database is idle."] : [],
    validity: { verdict: "VALID", text: "All 9 checks passed.", checks: [check("send_lag_p99", true, 0.0002, 0.001, "")], notes: [] },
    thresholds: [threshold(now)],
    breaking_point: { found, at_s: broke_s, at_rate: found ? kLimit : null, interval: found ? [245, 255] : null, symptom: found ? "latency" : null, recovered_s: null, healed: [] },
    capacity: null,
    findings: !found ? [] : [{
      cause: "app_pool_exhausted", title: "Application connection pool exhausted", confidence: "high", onset_s: broke_s - 0.5,
      evidence: ["The application's connections stay at 5 while requests in flight rise.", "The median response rose, while the database answers as fast as before."],
      against: [], missing: ["The application's own pool metrics are not read."], values: { pool_size: kPool, hold_s: kHold_s }, fix,
    }],
  };
}
