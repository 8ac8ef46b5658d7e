// Endpoints with their latest minute, errors with a sample, and the log of what happened.
import { byId, h, show, text } from "./dom.js";
import { drawSpark, kPoints, sparkElement } from "./spark.js";
import { SortedTable, textColumn } from "./table.js";
import { count, kinds, rate, seconds } from "./words.js";
import { timeElement } from "./when.js";
import { clock } from "../charts/numbers.js";

const nameOf = (row) => h("span", null, h("span", { class: "method" }, row.method), " " + row.name);
const latency = (name, key) => textColumn(name, (row) => seconds(row[key]), (row) => row[key], true);
const sparkColumn = (name, colour, key) => ({
  name,
  make: () => sparkElement(colour),
  fill: (cell, row) => drawSpark(cell.firstChild, row[key]),
});

const endpointColumns = (severalUsers) => [
  { name: "Endpoint", make: nameOf, fill: () => {}, value: (row) => row.name + " " + row.method },
  ...(severalUsers ? [textColumn("User", (row) => row.user, (row) => row.user)] : []),
  textColumn("Requests", (row) => count(row.requests), (row) => row.requests, true),
  textColumn("Failed", (row) => count(row.failed), (row) => row.failed, true),
  textColumn("Rate", (row) => rate(row.rate), (row) => row.rate, true),
  latency("p50", "p50"), latency("p95", "p95"), latency("p99", "p99"), latency("Longest", "max"),
  sparkColumn("Rate, last minute", "blue", "rates"),
  sparkColumn("p99, last minute", "purple", "tails"),
];

export class Endpoints {
  begin(endpoints) {
    this.rows = endpoints.map((one, index) => ({
      index, method: one.method, name: one.name, user: one.user, requests: null, failed: null, rate: null, p50: null, p95: null, p99: null, max: null,
      rates: one.spark.rate.slice(-kPoints), tails: one.spark.p99_s.slice(-kPoints),
    }));
    const users = new Set(endpoints.map((one) => one.user));
    this.table = new SortedTable({ id: "endpoints-title", caption: "Endpoints", hint: "since the start; rate of the last second", columns: endpointColumns(users.size > 1), key: (row) => row.index });
    byId("endpoints").replaceChildren(this.table.element);
    show(byId("endpoints"), this.rows.length > 0);
    endpoints.forEach((one, i) => one.row && this.fill(this.rows[i], one.row));
    this.draw();
  }

  take(list) {
    list.forEach((values, i) => {
      const row = this.rows[i];
      if (!row) return;
      this.fill(row, values);
      row.rates.push(values[2]);
      row.tails.push(values[8]);
      if (row.rates.length > kPoints) row.rates.shift();
      if (row.tails.length > kPoints) row.tails.shift();
    });
  }

  fill(row, [requests, failed, rateNow, , p50, p95, p99, max]) {
    Object.assign(row, { requests, failed, rate: rateNow, p50, p95, p99, max });
  }

  draw() {
    this.table.update(this.rows);
  }
}

const moment = (length) => (t) => clock(t, length);

const errorColumns = (at) => [
  textColumn("Outcome", (row) => row.outcome, (row) => row.outcome),
  textColumn("Status", (row) => (row.status ? String(row.status) : "–"), (row) => row.status || null, true),
  { name: "Endpoint", make: nameOf, fill: () => {}, value: (row) => row.name },
  textColumn("Count", (row) => count(row.count), (row) => row.count, true),
  textColumn("First", (row) => at(row.first_s), (row) => row.first_s, true),
  textColumn("Last", (row) => at(row.last_s), (row) => row.last_s, true),
  { name: "Sample", make: () => h("code"), fill: (cell, row) => text(cell.firstChild, row.text || "") },
];

export class Errors {
  begin(list, length) {
    this.table = new SortedTable({ id: "errors-title", caption: "Errors", hint: "by what came back, one sample of each", columns: errorColumns(moment(length)),
      key: (row) => JSON.stringify([row.endpoint, row.outcome, row.status, row.text]) });
    byId("errors").replaceChildren(this.table.element);
    this.take(list);
    this.draw();
  }

  take(list) {
    this.list = list;
    this.fresh = true;
  }

  draw() {
    if (!this.fresh) return;
    this.fresh = false;
    show(byId("errors"), this.list.length > 0);
    this.table.update(this.list);
  }
}

const kMost = 500;

export class Log {
  constructor() {
    this.onlyNotes = h("input", { type: "checkbox", onchange: () => this.redraw() });
    this.list = h("ol", { class: "log", tabindex: "0", "aria-label": "What happened, the latest first" });
    byId("log").replaceChildren(
      h("div", { class: "head" }, h("h2", { id: "log-title" }, "Events and notes"), h("label", { class: "switch" }, this.onlyNotes, " notes alone")), this.list);
  }

  begin(events, run) {
    this.events = [];
    this.startedMs = run.started_ms;
    this.length = run.planned_s || 3600;
    this.add(events);
    this.draw();
  }

  add(events) {
    this.events.push(...events);
    this.events.splice(0, Math.max(0, this.events.length - kMost));
    this.fresh = true;
  }

  line(event) {
    return h("li", null, timeElement(this.startedMs + 1000 * event.t), h("span", { class: "at" }, clock(event.t, this.length)),
      h("span", { class: "kind " + event.kind }, kinds[event.kind] || event.kind), h("span", { class: "what" }, event.text));
  }

  redraw() {
    this.fresh = true;
    this.draw();
  }

  draw() {
    if (!this.fresh) return;
    this.fresh = false;
    const shown = this.onlyNotes.checked ? this.events.filter((event) => event.kind === "marked") : this.events;
    this.list.replaceChildren(...(shown.length ? shown.slice().reverse().map((event) => this.line(event)) : [h("li", { class: "none" }, "Nothing yet.")]));
  }
}
