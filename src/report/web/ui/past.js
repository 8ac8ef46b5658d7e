// The runs of the results folder: what each came to; two of them side by side.
import { byId, h, renew, show, text } from "./dom.js";
import { SortedTable, textColumn } from "./table.js";
import { badgeOf, count, percent, plain, rate, seconds } from "./words.js";
import { span, timeElement } from "./when.js";

const view = (session) => "view=" + encodeURIComponent(session().view);
const startedMs = (run) => Date.parse(run.started);

function capacityText({ capacity }) {
  if (!capacity) return "";
  const [low, high] = capacity.rate;
  return low == null ? "below " + rate(high) : high == null ? "at least " + rate(low) : rate(low) + " to " + rate(high);
}
const thresholdText = ({ thresholds }) =>
  !thresholds || thresholds.passed + thresholds.failed === 0 ? "" : thresholds.failed ? thresholds.failed + " missed" : thresholds.passed + " hold";
const causeText = (run) => run.fault || run.cause_title || (run.cause ? plain(run.cause) : "");

export class Past {
  constructor({ session }) {
    this.session = session;
    this.chosen = new Map(); // folder → run, as they were ticked
    const some = (get) => (row) => (row.fault ? "" : get(row));
    this.table = new SortedTable({ id: "past-title", caption: "Past runs", key: (row) => row.folder, columns: [
      { name: "Started", make: (row) => (row.started ? timeElement(startedMs(row), true) : "–"), fill: () => {}, value: (row) => startedMs(row) || null },
      { name: "Scenario", make: (row) => this.link(row), fill: () => {}, value: (row) => row.scenario || "" },
      { name: "Compare", make: (row) => this.tick(row), fill: (cell, row) => (cell.firstChild.checked = this.chosen.has(row.folder)) },
      { name: "Measurement", make: (row) => (row.verdict ? h("span", { class: "badge " + (badgeOf[row.verdict] || "fair") }, row.verdict) : null), fill: () => {}, value: (row) => row.verdict || "" },
      textColumn("Capacity", some(capacityText), (row) => (row.capacity ? row.capacity.rate[0] : null), true),
      textColumn("Broke at", some((row) => (row.broke_at_rate == null ? "" : rate(row.broke_at_rate))), (row) => row.broke_at_rate, true),
      { ...textColumn("Cause", causeText, causeText), css: "cause" },
      textColumn("Thresholds", some(thresholdText), (row) => (row.thresholds ? row.thresholds.failed : null), true),
      textColumn("Requests", some((row) => count(row.requests)), (row) => row.requests, true),
      textColumn("Rate", some((row) => rate(row.rate)), (row) => row.rate, true),
      textColumn("p99", some((row) => seconds(row.p99_s)), (row) => row.p99_s, true),
      textColumn("Failed", some((row) => percent(row.failed_ratio)), (row) => row.failed_ratio, true),
      textColumn("Lasted", some((row) => span(row.duration_s)), (row) => row.duration_s, true),
    ] });
    this.table.element.classList.add("past");
  }

  link(row) {
    if (row.fault) return row.scenario || row.folder;
    return h("a", { href: "/runs/" + encodeURIComponent(row.folder) + "/report.html?" + view(this.session), target: "_blank", rel: "noopener" }, row.scenario);
  }

  tick(row) {
    const change = (event) => {
      if (event.target.checked) this.chosen.set(row.folder, row);
      else this.chosen.delete(row.folder);
      // The last two count.
      if (this.chosen.size > 2) this.chosen.delete(this.chosen.keys().next().value);
      this.table.update(this.runs);
      this.drawCompare();
    };
    return h("input", { type: "checkbox", "aria-label": "Compare " + (row.scenario || row.folder) + " of " + (row.started || "unknown time"), disabled: Boolean(row.fault), onchange: change });
  }

  show({ results, runs, left_off: leftOff }) {
    this.runs = runs;
    const place = byId("past");
    if (!this.compare) {
      this.compare = h("div", { class: "row", id: "compare" });
      this.hint = h("p", { class: "hint" });
      place.append(this.compare, this.table.element, this.hint);
    }
    for (const folder of this.chosen.keys()) if (!runs.some((run) => run.folder === folder)) this.chosen.delete(folder);
    this.table.update(runs);
    show(this.table.element, runs.length > 0);
    show(this.compare, runs.length > 0);
    text(this.hint, runs.length === 0 ? "No run is in " + results + " yet." : leftOff ? leftOff + " older runs are in " + results + ", too." : "");
    this.drawCompare();
  }

  // The earlier one is what the later is compared with.
  drawCompare() {
    const pair = [...this.chosen.values()].sort((a, b) => startedMs(a) - startedMs(b));
    const label = (run) => [run.scenario + ", ", timeElement(startedMs(run), true)];
    renew(this.compare, pair.map((run) => run.folder).join("/") || "none", () => {
      if (pair.length < 2) return [h("span", { class: "hint" }, pair.length ? "Tick the run to compare it with." : "Tick two runs to compare them.")];
      const address = "/compare?base=" + encodeURIComponent(pair[0].folder) + "&run=" + encodeURIComponent(pair[1].folder) + "&" + view(this.session);
      return [h("a", { id: "compare-link", class: "go", href: address, target: "_blank", rel: "noopener" }, "Compare"), h("span", null, label(pair[1]), " with ", label(pair[0]))];
    });
  }
}
