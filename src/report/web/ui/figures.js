// The charts of a run that goes on: one group on one axis, each growing as the server adds to it.
import { append } from "../charts/append.js";
import { ChartGroup } from "../charts/group.js";
import { heatMost } from "../charts/heatmap.js";
import { clock, figure } from "../charts/numbers.js";
import { root } from "../charts/theme.js";
import { byId, h, renew, show, text } from "./dom.js";
import { localTime } from "./when.js";

// As figure_of in page.cpp has it in the report.
function figureOf(chart) {
  const id = chart.id;
  const box = (name, label) => h("label", { class: "switch" }, h("input", { type: "checkbox", [name]: true }), " " + label);
  return h("figure", { class: "chart", id: "chart-" + id, "data-chart": id, role: "group", "aria-labelledby": "title-" + id },
    h("div", { class: "head" },
      h("h3", { id: "title-" + id }, chart.title),
      chart.kind === "heatmap" ? h("span", { class: "ramp" }, "few", h("i"), h("span", { class: "most" }, "many")) : null,
      chart.log_switch ? box("data-log", "logarithmic") : null,
      chart.kind === "heatmap" ? null : box("data-far", "show the limits")),
    h("figcaption", { id: "message-" + id }, chart.message),
    h("div", { class: "plot", role: "img", "aria-labelledby": "title-" + id + " message-" + id }));
}

const keyEntries = (all) => [
  all.broke && ["k-broke", all.broke.label],
  all.cause && ["k-cause", all.cause.label],
  all.stages.length && ["k-stage", "a stage of the load begins"],
  all.events.length && ["k-event", "an event"],
  all.gaps.length && ["k-gap", "a probe had no reading"],
].filter(Boolean);

export class Figures {
  constructor() {
    this.run = { duration: 1, broke: null, cause: null, stages: [], gaps: [], events: [] };
    this.charts = new Map();
    this.dirty = new Map(); // chart id → how it is to be drawn again, once it can be seen
    this.group = new ChartGroup({ run: this.run, reset: byId("reset"), atTime: (t) => this.atTime(t) });
    this.seen = new IntersectionObserver((entries) => this.appear(entries), { rootMargin: "200px" });
    this.visible = new Set();
    document.addEventListener("visibilitychange", () => this.draw());
  }

  atTime(seconds) {
    const at = "at " + clock(seconds, this.run.duration);
    return this.startedMs ? at + " · " + localTime(this.startedMs + 1000 * seconds) : at;
  }

  begin(message) {
    for (const id of this.charts.keys()) this.group.remove(id);
    this.seen.disconnect();
    this.visible.clear();
    this.charts.clear();
    this.dirty.clear();
    byId("figures").replaceChildren();
    this.group.setZoom(null);
    this.startedMs = message.run.started_ms;
    this.plannedS = message.run.planned_s;
    this.mark(message.markers);
    this.lengthen(message.state.t);
    for (const chart of message.charts.slice().sort((a, b) => a.order - b.order)) this.add(chart);
  }

  add(chart) {
    const old = this.charts.get(chart.id);
    chart.lines = chart.lines || [];
    chart.marks = chart.marks || [];
    this.charts.set(chart.id, chart);
    if (old) {
      this.seen.unobserve(byId("chart-" + chart.id));
      this.visible.delete(chart.id);
      this.group.remove(chart.id);
      byId("chart-" + chart.id).remove();
    }
    const element = figureOf(chart);
    const later = [...byId("figures").children].find((other) => this.charts.get(other.dataset.chart).order > chart.order);
    byId("figures").insertBefore(element, later || null);
    this.group.add(chart, element, { first: byId("figures").firstChild === element });
    this.caption(chart);
    this.seen.observe(element);
    root.dataset.charts = String(this.charts.size);
  }

  caption(chart) {
    text(byId("message-" + chart.id), chart.message);
    if (chart.kind !== "heatmap") return;
    text(byId("chart-" + chart.id).querySelector(".most"), "many (up to " + figure(heatMost(chart)) + "/s)");
  }

  appear(entries) {
    for (const entry of entries) {
      const id = entry.target.dataset.chart;
      if (entry.isIntersecting) this.visible.add(id);
      else this.visible.delete(id);
    }
    this.draw();
  }

  // The axis is as long as the load is planned; where nobody knows, it grows in steps.
  lengthen(t) {
    const step = t < 60 ? 30 : t < 600 ? 60 : t < 3600 ? 300 : 1800;
    this.run.duration = this.plannedS ? Math.max(this.plannedS, t) : Math.max(30, Math.ceil((t + 1) / step) * step);
  }

  mark(markers) {
    const onsets = JSON.stringify([markers.broke, markers.cause]);
    const changed = onsets !== this.onsets;
    this.onsets = onsets;
    Object.assign(this.run, markers);
    const entries = keyEntries(markers);
    renew(byId("key"), JSON.stringify(entries), () => entries.map(([css, label]) => h("li", null, h("i", { class: css }), label)));
    show(byId("key"), entries.length > 0);
    return changed;
  }

  soil(id, how) {
    const before = this.dirty.get(id) || {};
    this.dirty.set(id, { rebuild: before.rebuild || how.rebuild, onsets: before.onsets || how.onsets });
  }

  tick(message) {
    const length = this.run.duration;
    this.lengthen(message.state.t);
    const onsets = message.markers ? this.mark(message.markers) : false;
    if (message.markers || length !== this.run.duration) for (const id of this.charts.keys()) this.soil(id, { onsets });
    for (const update of message.charts || []) {
      const chart = this.charts.get(update.id);
      if (!chart) continue;
      this.soil(update.id, { rebuild: append(chart, update) });
    }
    for (const chart of message.new_charts || []) this.add(chart);
  }

  // Only what can be seen is painted; the rest when it comes into view.
  draw() {
    if (document.visibilityState === "hidden") return;
    for (const [id, how] of this.dirty) {
      if (!this.visible.has(id)) continue;
      this.group.refresh(id, how);
      this.caption(this.charts.get(id));
      this.dirty.delete(id);
    }
  }
}
