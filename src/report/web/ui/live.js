// The page of a run that goes on: takes the events of the stream, and shows what they change.
import { Controls } from "./controls.js";
import { byId, h, renew, show } from "./dom.js";
import { Figures } from "./figures.js";
import { showFacts, showPhase, showProgress } from "./head.js";
import { Endpoints, Errors, Log } from "./tables.js";
import { showState, showVerdict } from "./verdict.js";
import { exitWords } from "./words.js";
import { duration } from "../charts/numbers.js";

export class Live {
  // `session()`: what /api/session said; `back()`: to the list of runs.
  constructor({ session, back }) {
    this.session = session;
    this.back = back;
    this.figures = new Figures();
    this.controls = new Controls();
    this.endpoints = new Endpoints();
    this.errors = new Errors();
    this.log = new Log();
    this.plan = null;
    this.waiting = false; // until the next frame
  }

  begin(message) {
    this.plan = message;
    this.verdict = message.verdict;
    this.state = message.state;
    // What the page shows of these lives in its parts, and is no longer needed here.
    const { charts, events, errors, endpoints, markers, ...plan } = message;
    this.plan = plan;
    showFacts(message.run);
    this.controls.begin(message, this.session().readonly);
    this.figures.begin({ run: message.run, state: message.state, charts, markers });
    this.endpoints.begin(endpoints);
    this.errors.begin(errors, message.run.planned_s || 3600);
    this.log.begin(events, message.run);
    showVerdict(this.plan.run, this.verdict, this.state);
    this.now();
    show(byId("over"), false);
    if (message.over) this.over(message.over);
  }

  now() {
    showProgress(this.plan, this.state);
    showPhase(this.state);
    this.controls.tick(this.state);
    const { scenario } = this.plan.run;
    document.title = this.state.p99_s == null ? scenario + " - Plimsoll" : scenario + ": p99 " + duration(this.state.p99_s) + " - Plimsoll";
  }

  tick(message) {
    if (!this.plan) return;
    this.state = message.state;
    this.figures.tick(message);
    if (message.endpoints) this.endpoints.take(message.endpoints);
    if (message.errors) this.errors.take(message.errors);
    if (message.events) this.log.add(message.events);
    this.paintSoon();
  }

  // Once a frame, however many seconds come at once after a break; not at all where nobody looks.
  paintSoon() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      for (const part of [this.figures, this.endpoints, this.errors, this.log]) part.draw();
      showState(this.plan.run, this.verdict, this.state);
      this.now();
    });
  }

  judge(verdict) {
    if (!this.plan) return;
    this.verdict = verdict;
    showVerdict(this.plan.run, verdict, this.state);
  }

  isOver() {
    return this.plan !== null && this.state.phase === "over";
  }

  over(over) {
    this.state = { ...this.state, phase: "over" };
    this.now();
    const { mode, view } = this.session();
    const address = over.report && over.report + "?view=" + encodeURIComponent(view);
    // What one has watched is what one reads on.
    if (mode !== "start" && address) {
      location.replace(address);
      return;
    }
    const place = byId("over");
    place.className = "message" + (over.error || over.exit_code ? " fair" : "");
    renew(place, JSON.stringify(over), () => [
      "The run is over: " + exitWords(over.exit_code) + ". ",
      address ? h("a", { href: address, target: "_blank", rel: "noopener" }, "Open its report") : over.error ? "No report: " + over.error : "",
      mode === "start" ? [" · ", h("button", { type: "button", onclick: this.back }, "Back to the runs")] : "",
    ].flat());
    show(place, true);
  }
}
