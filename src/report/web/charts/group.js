// Charts on one time axis: one crosshair, one zoom, one palette. report.html fills it once, the
// live page goes on adding to it.
import uPlot from "uplot";
import { heatColumns, heatRange, heatReading, paintHeat } from "./heatmap.js";
import { lineColumns, lineSeries, percentileAxes, timeAxes } from "./lines.js";
import { notes, onsetElement, verticals } from "./marks.js";
import { clock, formats, percentile } from "./numbers.js";
import { placeOf, putBack, steer } from "./keys.js";
import { extent, rangeOf } from "./scales.js";
import { dark, isNarrow, root } from "./theme.js";

export class ChartGroup {
  // `run`: duration, broke, cause, stages, gaps, events. `reset`: the button that ends a zoom.
  // `atTime(seconds)`: how the crosshair's moment is said.
  constructor({ run, reset, atTime }) {
    this.run = run;
    this.reset = reset;
    this.atTime = atTime || ((seconds) => "at " + clock(seconds, this.run.duration));
    this.zoom = null; // [from, to] in seconds, or null for the whole run
    this.entries = new Map(); // chart id → what is drawn
    reset.addEventListener("click", () => this.setZoom(null));
    dark.addEventListener("change", () => this.redraw());
    this.watchWidth();
    this.watchPrint();
  }

  // `figureElement` holds .plot, and the switches data-log and data-far where there are some.
  add(chart, figureElement, { timed = true, first = false } = {}) {
    const entry = {
      chart, timed, first, figureElement,
      place: figureElement.querySelector(".plot"),
      logBox: figureElement.querySelector("[data-log]"),
      farBox: figureElement.querySelector("[data-far]"),
      plot: null, range: [0, 1], updates: [], touched: false,
    };
    this.entries.set(chart.id, entry);
    for (const input of figureElement.querySelectorAll("input")) {
      input.addEventListener("change", () => {
        entry.touched = true;
        this.build(entry);
      });
    }
    this.build(entry);
  }

  remove(id) {
    const entry = this.entries.get(id);
    if (entry && entry.plot) entry.plot.destroy();
    this.entries.delete(id);
  }

  // A logarithmic axis where the values differ by more than a linear one shows.
  chooseScale(entry) {
    if (!entry.logBox || entry.touched) return false;
    const { least, most } = extent(entry.chart);
    const log = most / least > 50;
    const changed = log && !entry.logBox.checked;
    entry.logBox.checked = entry.logBox.checked || log;
    return changed;
  }

  measure(entry) {
    const { chart } = entry;
    if (chart.kind === "heatmap") {
      entry.range = heatRange(chart);
      return;
    }
    const found = rangeOf(chart, Boolean(entry.logBox && entry.logBox.checked), Boolean(entry.farBox && entry.farBox.checked));
    entry.range = found.range;
    if (entry.farBox) entry.farBox.parentElement.hidden = !found.far;
  }

  // The chart, or the run's marks and length, have other values. `rebuild`: other lines too;
  // `onsets`: the break or the cause is another.
  refresh(id, { rebuild = false, onsets = false } = {}) {
    const entry = this.entries.get(id);
    if (!entry) return;
    if (this.chooseScale(entry) || rebuild) {
      this.build(entry);
      return;
    }
    this.measure(entry);
    if (onsets) this.placeOnsets(entry);
    entry.plot.setData(this.columns(entry));
  }

  columns(entry) {
    return entry.chart.kind === "heatmap" ? heatColumns(entry.chart) : lineColumns(entry.chart);
  }

  placeOnsets({ plot, timed, first, updates }) {
    for (const old of plot.over.querySelectorAll(".onset")) old.remove();
    updates.length = 0;
    if (timed && this.run.cause) updates.push(onsetElement(plot, "cause", this.run.cause, false));
    if (timed && this.run.broke) updates.push(onsetElement(plot, "broke", this.run.broke, first));
    for (const update of updates) update();
  }

  seriesOf(entry) {
    const { chart, timed } = entry;
    const at = { label: "", value: (u, v) => (v == null ? "" : timed ? this.atTime(v) : "at " + percentile(v)) };
    if (chart.kind !== "heatmap") return [at].concat(lineSeries(chart));
    const reading = (u, value, seriesIndex, i) => {
      if (i == null) return "";
      const own = u.root.matches(":hover") && u.cursor.top >= 0;
      return heatReading(chart, i, own ? u.posToVal(u.cursor.top, "y") : null);
    };
    return [at, { label: "requests", stroke: "transparent", points: { show: false }, value: reading }];
  }

  options(entry) {
    const { chart, timed } = entry;
    const heat = chart.kind === "heatmap";
    const log = heat || Boolean(entry.logBox && entry.logBox.checked);
    const range = () => entry.range;
    const axes = timed ? timeAxes(this.run, formats[chart.unit], log, range) : percentileAxes(formats[chart.unit], log, range);
    const zoomed = (u) => {
      if (u.select.width >= 6) this.setZoom([u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")]);
    };
    const under = (u) => {
      if (heat) paintHeat(u, chart);
      verticals(u, this.run, entry.first);
    };
    const over = (u) => {
      if (!heat) notes(u, chart);
      for (const update of entry.updates) update();
    };
    return {
      width: Math.max(200, entry.place.clientWidth),
      height: isNarrow() ? 190 : 210,
      padding: [10, 18, 0, 0],
      scales: {
        x: timed ? { time: false, range: () => this.zoom || [0, this.run.duration] } : { time: false, range: (u, from, to) => [0, to] },
        y: log ? { distr: 3, range } : { range },
      },
      axes,
      series: this.seriesOf(entry),
      cursor: {
        sync: timed ? { key: "run" } : undefined,
        drag: { x: timed, y: false, setScale: false },
        points: { size: 7, show: !heat },
        bind: { dblclick: () => () => timed && this.setZoom(null) },
      },
      hooks: { drawAxes: timed ? [under] : [], draw: [over], setSelect: timed ? [zoomed] : [] },
    };
  }

  build(entry) {
    const hidden = entry.plot ? entry.plot.series.filter((series) => series.show === false).map((series) => series.label) : [];
    const place = placeOf(entry.plot);
    if (entry.plot) entry.plot.destroy();
    this.chooseScale(entry);
    this.measure(entry);
    entry.updates.length = 0;
    entry.place.replaceChildren();
    entry.plot = new uPlot(this.options(entry), this.columns(entry), entry.place);
    entry.plot.series.forEach((series, index) => {
      if (index > 0 && hidden.includes(series.label)) entry.plot.setSeries(index, { show: false });
    });
    this.placeOnsets(entry);
    steer(this, entry);
    putBack(entry.plot, place);
  }

  redraw() {
    for (const entry of this.entries.values()) this.build(entry);
  }

  span({ plot }) {
    const [min, max] = this.zoom || [0, this.run.duration];
    plot.setScale("x", { min, max });
  }

  setZoom(next) {
    const { zoom } = this;
    if (zoom === next || (zoom && next && zoom[0] === next[0] && zoom[1] === next[1])) return;
    this.zoom = next;
    this.reset.hidden = next === null;
    for (const entry of this.entries.values()) {
      if (!entry.timed) continue;
      entry.plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      this.span(entry);
    }
  }

  watchWidth() {
    let width = innerWidth;
    window.addEventListener("resize", () => {
      if (innerWidth === width) return;
      width = innerWidth;
      requestAnimationFrame(() => this.redraw());
    });
  }

  watchPrint() {
    window.addEventListener("beforeprint", () => {
      root.classList.add("print");
      document.body.style.width = "700px";
      this.redraw();
    });
    window.addEventListener("afterprint", () => {
      root.classList.remove("print");
      document.body.style.width = "";
      this.redraw();
    });
  }
}
