// A server that speaks to the live page as Plimsoll does, over a run whose seconds pass when the test says so.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { emptyCharts, endpoints, second, verdict } from "./model.mjs";

export const kToken = "0123456789abcdef0123456789abcdef";
const kView = "fedcba9876543210fedcba9876543210";
const kStarted_ms = Date.UTC(2026, 0, 1, 12, 0, 0);
const headers = {
  "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
  "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
};
const fault = (what, where = "", hint = "") => ({ error: { what, where, hint } });

export class Mock {
  constructor({ web, html, mode = "run", readonly = false, planned_s = 180, peak = 400, runs = [], scenarios = {}, history = 300, thins = 1200 }) {
    Object.assign(this, { mode, readonly, planned_s, peak, runs, scenarios, history, thins });
    this.files = {
      "/": ["text/html; charset=utf-8", readFileSync(html)],
      "/ui.css": ["text/css", readFileSync(join(web, "ui.css"))],
      "/ui.js": ["text/javascript", readFileSync(join(web, "ui.js"))],
    };
    this.viewers = new Set();
    this.asked = []; // bodies of /api/control
    this.requests = [];
    this.token = kToken;
    this.reset();
    if (mode !== "start") this.running = true;
  }

  reset() {
    this.running = false;
    this.t = 0;
    this.kept = []; // {id, text}, for those who come again
    this.id = 0;
    this.charts = emptyCharts();
    this.rate = null;
    this.paused = false;
    this.broke = null;
    this.now = null;
    this.events = [];
    this.counts = endpoints.map(() => [0, 0]);
    this.rows = null;
    this.sparks = endpoints.map(() => ({ t: [], rate: [], p99_s: [] }));
    this.errors = [];
    this.verdict = null;
    this.over = null;
  }

  async listen() {
    this.server = createServer((request, response) => this.answer(request, response));
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.origin = "http://127.0.0.1:" + this.server.address().port;
    this.url = this.origin + "/#token=" + kToken;
    return this;
  }
  close() {
    this.drop();
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  // ---- the run ----
  state() {
    const now = this.now || { offered: 0, achieved: 0, failed: 0, p50: null, p95: null, p99: null, in_flight: 0 };
    const requests = this.counts.reduce((sum, [count]) => sum + count, 0);
    const failed = this.counts.reduce((sum, [, count]) => sum + count, 0);
    return {
      t: this.t, phase: this.over ? "over" : this.t ? "running" : "starting", paused: this.paused, planned_s: this.planned_s, offered: now.offered, achieved: now.achieved, failed_rate: now.failed,
      p50_s: now.p50, p95_s: now.p95, p99_s: now.p99, in_flight: now.in_flight, users: Math.ceil(now.in_flight), users_max: 2000, requests, failed,
      failed_ratio: requests ? failed / requests : 0, cut_off: 0, not_sent: 0, send_lag_p99_s: 0.0002,
      executors: [{ stage: this.t > 90 ? 1 : 0, stages: 2, asked: now.offered, paused: this.paused, over: false }],
      thresholds: [{ text: "http_req_duration: p(95)<500ms", ok: !(now.p95 >= 0.5) }], viewers: this.viewers.size,
    };
  }

  markers() {
    const at = this.broke;
    const moment = (t, label) => ({ t, from: t, to: t, label });
    return {
      broke: at === null ? null : { t: at, from: at - 1, to: at + 1, label: "broke at " + at + " s" },
      cause: at === null ? null : moment(at - 0.5, "application connection pool exhausted from " + (at - 0.5) + " s"),
      stages: this.planned_s ? [moment(this.planned_s / 2, "stage 2: to " + this.peak + "/s")] : [], gaps: [],
      events: this.events.filter((event) => event.kind !== "note").map((event) => moment(event.t, event.text)),
    };
  }

  begin() {
    return {
      run: { id: "20260101T120000Z-ab12", folder: "20260101T120000Z-ab12-checkout", scenario: "checkout", target: "http://127.0.0.1:8080", version: "1.4.0", seed: 1, started_ms: kStarted_ms,
        planned_s: this.planned_s, has_load: this.mode !== "probe", open_model: true, find: false, tags: ["branch=main"], segment: null, tick_s: 1 },
      executors: [{ name: "load", kind: "externally-controlled", open: true, steered: true, max_users: 2000, start_value: 20,
        stages: [{ from_s: 0, to_s: this.planned_s / 2, target: this.peak / 2 }, { from_s: this.planned_s / 2, to_s: this.planned_s, target: this.peak }] }],
      endpoints: endpoints.map(({ user, name, method }, i) => ({ user, name, method, spark: this.sparks[i], row: this.rows ? this.rows[i] : undefined })),
      checks: [], probes: [{ name: "postgres" }], charts: this.charts, markers: this.markers(), state: this.state(), events: this.events, errors: this.errors, verdict: this.verdict, over: this.over,
    };
  }

  offered() {
    if (this.paused) return 0;
    return this.rate !== null ? this.rate : Math.min(this.peak, 20 + (this.peak - 20) * (this.t / (0.8 * (this.planned_s || 180))));
  }

  // `n` seconds pass.
  advance(n = 1) {
    for (let i = 0; i < n; i++) this.tick();
  }

  tick() {
    this.t++;
    const now = second(this.t, this.offered(), this.now ? this.now.waiting : 0);
    this.now = now;
    const updates = this.charts.map((chart) => this.grow(chart, now));
    endpoints.forEach(({ share }, i) => {
      this.counts[i][0] += Math.round(now.achieved * share);
      this.counts[i][1] += Math.round(now.failed * share);
    });
    const rows = endpoints.map(({ share }, i) => [...this.counts[i], now.achieved * share, now.failed * share, 0.02, now.p95, now.p99, now.p99 * 1.4, now.p99]);
    this.rows = rows;
    const message = { charts: updates, endpoints: rows };
    if (now.failed && !(this.t % 5)) message.errors = this.addError();
    if (this.broke === null && now.waiting > 20) {
      this.broke = this.t;
      this.happen("threshold_crossed", "http_req_duration: p(95)<500ms does not hold any more");
    }
    if (this.fresh) {
      message.events = this.fresh;
      message.markers = this.markers();
      this.fresh = null;
    }
    this.send("tick", { state: this.state(), ...message });
    if (this.t % 5 === 0) this.judge(false);
  }

  // `thins`: points from which the older half is halved, as the server does.
  grow(chart, now) {
    const column = now.columns[chart.id];
    chart.x.push(now.t - 0.5);
    chart.series.forEach((series, i) => series.y.push(column[i]));
    if (chart.x.length <= this.thins) return { id: chart.id, keep: chart.x.length - 1, x: [now.t - 0.5], y: column.map((value) => [value]) };
    const half = Math.floor(chart.x.length / 2);
    const thin = (list) => list.filter((_, i) => i >= half || i % 2 === 0);
    chart.x = thin(chart.x);
    for (const series of chart.series) series.y = thin(series.y);
    return { id: chart.id, keep: 1, x: chart.x.slice(1), y: chart.series.map((series) => series.y.slice(1)) };
  }

  addError() {
    if (this.errors.length === 0) {
      this.errors.push({ endpoint: 0, method: "GET", name: endpoints[0].name, outcome: "http_5xx", status: 503, text: '{"error": "timed out waiting for a connection"}', count: 0, first_s: this.t, last_s: 0 });
    }
    Object.assign(this.errors[0], { count: this.counts[0][1], last_s: this.t });
    return this.errors;
  }

  happen(kind, text) {
    const event = { t: this.t, kind, text };
    this.events.push(event);
    (this.fresh ||= []).push(event);
  }
  judge(final) {
    this.verdict = verdict(this.now, this.broke, final);
    this.send("verdict", this.verdict);
  }
  end(report) {
    this.judge(true);
    this.over = { t: this.t, folder: this.begin().run.folder, report, exit_code: this.broke === null ? 0 : 99, error: null };
    this.send("over", this.over);
  }

  // ---- the stream ----
  send(kind, body) {
    this.id++;
    const text = "id: " + this.id + "\nevent: " + kind + "\ndata: " + JSON.stringify(body) + "\n\n";
    this.kept.push({ id: this.id, text });
    if (this.kept.length > this.history) this.kept.shift();
    for (const viewer of this.viewers) viewer.write(text);
  }
  plain(viewer, kind, body) {
    viewer.write("id: " + this.id + "\nevent: " + kind + "\ndata: " + JSON.stringify(body) + "\n\n");
  }
  // Breaks every stream off, as a network does.
  drop() {
    for (const viewer of this.viewers) viewer.destroy();
    this.viewers.clear();
  }

  live(request, response, query) {
    if (query.get("view") !== kView) return this.json(response, 401, fault("the view key is wrong"));
    if (this.refuse) return request.socket.destroy();
    response.writeHead(200, { "Content-Type": "text/event-stream", ...headers });
    response.write(": hello\n\n");
    this.viewers.add(response);
    response.on("close", () => this.viewers.delete(response));
    const last = Number(query.get("last"));
    this.lasts = (this.lasts || []).concat(query.get("last"));
    if (!this.running) return this.plain(response, "idle", {});
    if (query.has("last") && this.kept.length && last >= this.kept[0].id - 1) {
      for (const event of this.kept) if (event.id > last) response.write(event.text);
      return undefined;
    }
    return this.plain(response, "begin", this.begin());
  }

  // ---- everything else ----
  json(response, status, body) {
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  }

  answer(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.origin);
    this.requests.push(request.method + " " + pathname);
    if (this.refuse) return request.socket.destroy();
    const file = this.files[pathname];
    if (file) {
      response.writeHead(200, { "Content-Type": file[0], ...headers });
      return response.end(file[1]);
    }
    if (pathname === "/api/live") return this.live(request, response, searchParams);
    if (pathname.startsWith("/runs/") || pathname === "/compare") {
      const allowed = searchParams.get("view") === kView;
      response.writeHead(allowed ? 200 : 401, { "Content-Type": "text/html" });
      return response.end("<!doctype html><title>a report</title><h1>" + pathname + "</h1>");
    }
    if (request.headers.authorization !== "Bearer " + this.token) return this.json(response, 401, fault("no token, or a wrong one"));
    if (request.method === "POST") {
      let body = "";
      request.on("data", (part) => (body += part));
      return request.on("end", () => this.take(pathname, JSON.parse(body), response));
    }
    return this.read(pathname, response);
  }

  read(pathname, response) {
    if (pathname === "/api/session") return this.json(response, 200, { version: "1.4.0", mode: this.mode, readonly: this.readonly, view: kView });
    if (this.mode === "start" && pathname === "/api/runs") return this.json(response, 200, { results: "results", left_off: 0, runs: this.runs });
    if (this.mode === "start" && pathname === "/api/scenarios") {
      const scenarios = Object.values(this.scenarios).map(({ name, ok, faults, target, load }) => ({ name, ok, faults: faults.length, target, load }));
      return this.json(response, 200, { folder: ".", scenarios });
    }
    const name = /^\/api\/scenarios\/(.+)$/.exec(pathname);
    const scenario = name && this.scenarios[decodeURIComponent(name[1])];
    return scenario ? this.json(response, 200, scenario) : this.json(response, 404, fault("there is no such page"));
  }

  take(pathname, body, response) {
    if (this.readonly) return this.json(response, 403, fault("nothing can be changed here"));
    if (pathname === "/api/runs") {
      this.reset();
      this.running = true;
      this.json(response, 202, { scenario: body.scenario });
      for (const viewer of this.viewers) this.plain(viewer, "begin", this.begin());
      return undefined;
    }
    this.asked.push(body);
    if ("rate" in body && typeof body.rate !== "number") return this.json(response, 400, fault('must be a number of arrivals per second, or a text as "200/s"', "rate", 'e.g. {"rate": 200}'));
    if ("rate" in body) this.rate = body.rate;
    if ("paused" in body) this.paused = body.paused;
    if ("note" in body) this.happen("marked", body.note);
    if ("rate" in body) this.happen("note", "load: asked for " + body.rate + "/s");
    return this.json(response, 200, { running: true });
  }
}
