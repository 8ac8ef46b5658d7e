// The page of plimsoll ui: runs that were, to open and compare, and scenarios to start.
import { get, post, sentence } from "./api.js";
import { ask } from "./ask.js";
import { byId, h, show, text } from "./dom.js";
import { Past } from "./past.js";

const faultText = (fault) =>
  (fault.column ? "column " + fault.column + ": " : "") + (fault.path ? fault.path + ": " : "") + fault.what + (fault.hint ? "\nhint: " + fault.hint : "");

const faultsOf = (faults, number) => faults.filter((fault) => !fault.file && fault.line === number);

function lineOf(number, content, here) {
  return h("li", { id: "line-" + number, "data-line": number, class: here.length ? "at-fault" : null, tabindex: here.length ? "-1" : null }, content || " ",
    here.map((fault) => h("span", { class: "fault" }, faultText(fault))));
}

// Of a file at fault the server gives only the lines that are named, as no one can tell there what is secret.
function sourceLines({ lines, faults }) {
  const list = [];
  let left = 0;
  lines.forEach((content, i) => {
    const here = faultsOf(faults, i + 1);
    if (faults.length && !content && !here.length) {
      left = i + 1;
      return;
    }
    if (left === i && left > 0) list.push(h("li", { "data-line": "⋮" }, " "));
    list.push(lineOf(i + 1, content, here));
  });
  if (left === lines.length) list.push(h("li", { "data-line": "⋮" }, " "));
  return list;
}

function faultList(faults) {
  const jump = (fault) => () => {
    const line = byId("line-" + fault.line);
    if (!line) return;
    line.scrollIntoView({ block: "center" });
    line.focus({ preventScroll: true });
  };
  const place = (fault) =>
    fault.file ? fault.file + (fault.line ? ", line " + fault.line : "") + ":" : fault.line ? h("button", { type: "button", onclick: jump(fault) }, "line " + fault.line) : null;
  // What stands at no line here says its hint, too.
  const words = (fault) => (fault.path ? fault.path + ": " : "") + fault.what + ((fault.file || !fault.line) && fault.hint ? " (" + fault.hint + ")" : "");
  return h("ol", { class: "faults" }, faults.map((fault) => h("li", null, place(fault), " ", words(fault))));
}

function scenarioButton(scenario, chosen, choose) {
  const about = scenario.ok ? [scenario.target, scenario.load].filter(Boolean).join(", ") : scenario.faults + (scenario.faults === 1 ? " fault" : " faults");
  return h("li", null, h("button", { type: "button", "aria-pressed": String(scenario.name === chosen), onclick: () => choose(scenario) },
    h("b", null, scenario.name), h("small", { class: scenario.ok ? null : "no" }, about || "\u00a0")));
}

export class Start {
  constructor({ session }) {
    this.session = session;
    this.past = new Past({ session });
    this.chosen = null;
  }

  failed(error) {
    text(byId("start-note"), "The run did not come up: " + [error.where, error.what].filter(Boolean).join(": ") + (error.hint ? " (" + error.hint + ")" : ""));
    show(byId("start-note"), true);
  }
  note(problem) {
    text(byId("start-note"), sentence(problem));
    show(byId("start-note"), true);
  }

  async open() {
    try {
      const [scenarios, runs] = await Promise.all([get("/api/scenarios"), get("/api/runs")]);
      this.scenarios = scenarios;
      this.drawScenarios();
      this.past.show(runs);
    } catch (problem) {
      this.note(problem);
    }
  }

  drawScenarios() {
    const { folder, scenarios } = this.scenarios;
    const place = byId("scenarios");
    if (!place.firstChild) {
      place.append(
        h("div", { class: "head" }, h("h2", { id: "scenarios-title" }, "Start a run"), h("button", { type: "button", onclick: () => this.open() }, "Look again")),
        h("p", { class: "hint" }), h("ul", { class: "scenario-list" }), h("div", { id: "chosen" }));
    }
    const where = folder === "." ? "the folder in which Plimsoll was started" : folder;
    text(place.querySelector(".hint"), scenarios.length ? "From " + where + ". Choose a scenario to read and check it." : "There is no scenario in " + where + "; plimsoll new writes one to begin with.");
    place.querySelector(".scenario-list").replaceChildren(...scenarios.map((each) => scenarioButton(each, this.chosen, (one) => this.choose(one))));
  }

  async choose(scenario) {
    this.chosen = scenario.name;
    this.drawScenarios();
    byId("scenarios").querySelector("[aria-pressed=true]")?.focus();
    try {
      this.read(await get("/api/scenarios/" + encodeURIComponent(scenario.name)), scenario);
    } catch (problem) {
      byId("chosen").replaceChildren(h("p", { class: "message bad", role: "alert" }, sentence(problem)));
    }
  }

  // The file as it is, what is wrong with it at its lines, and the button that starts it.
  read(file, scenario) {
    if (file.name !== this.chosen) return;
    const { faults } = file;
    const startIt = h("button", { type: "button", id: "start-it", class: "strong", disabled: !file.ok || this.session().readonly, onclick: () => this.start(scenario) }, "Start " + file.name + "…");
    const said = file.ok ? "Nothing is wrong with it." : (faults.length === 1 ? "1 fault" : faults.length + " faults") + "; mend the file and choose it again.";
    byId("chosen").replaceChildren(
      h("div", { class: "row message" + (file.ok ? "" : " bad"), role: "status" }, h("span", { class: "wide" }, said + (this.session().readonly ? " This page may only read." : "")), startIt),
      ...(file.ok ? [] : [faultList(faults)]),
      h("div", { class: "source", tabindex: "0", role: "region", "aria-label": file.name }, h("ol", null, sourceLines(file))));
  }

  async start(scenario) {
    const sure = await ask({
      title: "Start " + scenario.name + "?",
      message: "It sends load" + (scenario.target ? " to " + scenario.target : "") + (scenario.load ? " " + scenario.load : "") + ".",
      yes: "Start the run",
    });
    if (!sure) return;
    show(byId("start-note"), false);
    try {
      await post("/api/runs", { scenario: scenario.name });
    } catch (problem) {
      if (problem.faults && problem.faults.length) this.choose(scenario);
      this.note(problem);
    }
  }
}
