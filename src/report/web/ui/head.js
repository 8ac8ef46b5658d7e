// The head of a run that goes on: what it is, how far it is, how it stands.
import { byId, h, renew, show, svg, text } from "./dom.js";
import { asked, count, number, percent, phases, rate, seconds } from "./words.js";
import { span, timeElement } from "./when.js";

const fact = (name, value) => h("div", null, h("dt", null, name), h("dd", null, value));

export function showFacts(run) {
  text(byId("name"), run.scenario);
  const facts = [fact("Target", run.target), fact("Started", timeElement(run.started_ms, true))];
  if (run.has_load) facts.push(fact("Seed", String(run.seed)));
  facts.push(fact("Run", run.id));
  if (run.segment) facts.push(fact("Segment", run.segment));
  if (run.tags && run.tags.length) facts.push(fact("Tags", run.tags.join(", ")));
  byId("facts").replaceChildren(...facts);
}

// Where the stages of the executors begin, as shares of the plan.
function boundaries({ run, executors }) {
  const found = new Set();
  for (const executor of executors) for (const stage of executor.stages.slice(1)) found.add(stage.from_s / run.planned_s);
  return [...found].filter((at) => at > 0 && at < 1);
}

function makeProgress(plan) {
  const bar = svg("svg", { viewBox: "0 0 1000 8", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { class: "done", height: "8", width: "0" }),
    boundaries(plan).map((at) => svg("line", { class: "stage", x1: 1000 * at, x2: 1000 * at, y1: "0", y2: "8" })));
  return [
    h("div", { class: "bar", role: "progressbar", "aria-label": "How far the run is", "aria-valuemin": "0", "aria-valuemax": "100" }, bar),
    h("p", { class: "bar-text" }, h("span", { class: "gone" }), h("span", { class: "now" }), h("span", { class: "left" })),
  ];
}

const stageText = (executor, state, several) => {
  const name = several ? executor.name + ": " : "";
  if (state.over) return name + "done";
  const stage = state.stages > 1 ? "stage " + (state.stage + 1) + " of " + state.stages + ", " : "";
  return name + stage + asked(executor, state.asked) + (state.paused ? ", paused" : "");
};

export function showProgress(plan, state) {
  const place = byId("progress");
  const { run, executors } = plan;
  renew(place, run.id, () => (run.planned_s ? makeProgress(plan) : [h("p", { class: "bar-text" }, h("span", { class: "gone" }), h("span", { class: "now" }), h("span", { class: "left" }))]));
  const several = executors.length > 1;
  text(place.querySelector(".gone"), span(state.t) + (run.planned_s ? " of " + span(run.planned_s) : " so far"));
  text(place.querySelector(".now"), executors.map((executor, i) => stageText(executor, state.executors[i], several)).join(" · "));
  if (!run.planned_s) return;
  const share = Math.min(1, state.t / run.planned_s);
  const left = run.planned_s - state.t;
  text(place.querySelector(".left"), state.phase === "over" ? "" : left > 0.5 ? span(left) + " left" : "ending");
  place.querySelector(".done").setAttribute("width", String(1000 * share));
  const bar = place.querySelector(".bar");
  bar.setAttribute("aria-valuenow", String(Math.round(100 * share)));
  bar.dataset.t = state.t;
}

export function showPhase(state) {
  text(byId("state"), state.paused && state.phase === "running" ? "paused" : phases[state.phase] || state.phase);
}

const tile = (name, value, note, bad) => h("div", null, h("dt", null, name), h("dd", { class: bad ? "bad" : null }, value, h("small", null, note)));

export function tiles(run, state) {
  if (!run.has_load) return [];
  const load = run.open_model ? tile("Offered", rate(state.offered), "arrivals, last second") : tile("Users", number(state.users), "of at most " + number(state.users_max));
  const list = [
    load,
    tile("Achieved", rate(state.achieved), "requests, last second"),
    tile("In flight", number(state.in_flight), "requests"),
    tile("Response p50", seconds(state.p50_s), "last second"),
    tile("Response p95", seconds(state.p95_s), ""),
    tile("Response p99", seconds(state.p99_s), ""),
    tile("Failed", percent(state.failed_ratio), count(state.failed) + " of " + count(state.requests), state.failed > 0),
  ];
  if (state.not_sent > 0) list.push(tile("Not sent", count(state.not_sent), "due by the schedule", true));
  return list;
}

// Whether the page still hears of the run.
export function showLink(state, tries, heardMs, running) {
  const link = byId("link");
  link.className = "link " + state;
  const kept = heardMs ? "; what came until " : "";
  const words = {
    connecting: "connecting",
    live: running ? "live" : "connected",
    refused: "",
    lost: tries > 5 ? "no answer, Plimsoll may have ended" : "reconnecting",
  };
  renew(link, state + words[state] + (state === "lost" ? heardMs : ""), () =>
    state === "lost" && heardMs ? [words.lost + kept, timeElement(heardMs), " is kept"] : [words[state]]);
  show(link, words[state] !== "");
}
