// Steering: pause, rate or users of what may be set, notes, the stop. Absent where nothing may be changed.
import { post, sentence } from "./api.js";
import { ask } from "./ask.js";
import { byId, h, show, text } from "./dom.js";
import { asked } from "./words.js";
import { localTime } from "./when.js";

function say(message, bad) {
  const said = byId("said");
  said.className = bad ? "bad" : "";
  text(said, message);
}

async function order(body, done) {
  try {
    await post("/api/control", body);
    say(done + " at " + localTime(Date.now()) + ".", false);
    return true;
  } catch (error) {
    say(sentence(error), true);
    return false;
  }
}

// What is typed: a number, or a text with its unit, which the server judges.
const typed = (value) => (/^[0-9]+([.][0-9]+)?$/.test(value) ? Number(value) : value);

function setter(executor, several) {
  const id = "set-" + executor.name;
  const key = executor.open ? "rate" : "vus";
  const label = (executor.open ? "Arrivals per second" : "Users") + (several ? " of " + executor.name : "");
  const input = h("input", { id, class: "number", autocomplete: "off", inputmode: "decimal", placeholder: executor.open ? "200" : "40" });
  const set = async (event) => {
    event.preventDefault();
    const value = input.value.trim();
    if (!value) {
      say("Write how many first.", true);
      input.focus();
      return;
    }
    if (await order({ executor: executor.name, [key]: typed(value) }, "Asked for " + value)) input.value = "";
  };
  return h("form", { class: "row group", onsubmit: set }, h("label", { for: id }, label), input, h("button", { type: "submit" }, "Set"));
}

function noteForm() {
  const input = h("input", { id: "note", class: "wide", autocomplete: "off", maxlength: "500", placeholder: "deployed v2 here" });
  const add = async (event) => {
    event.preventDefault();
    const note = input.value.trim();
    if (!note) {
      input.focus();
      return;
    }
    if (await order({ note }, "Noted")) input.value = "";
  };
  return h("form", { class: "row group wide", onsubmit: add }, h("label", { for: "note" }, "Note"), input, h("button", { type: "submit" }, "Add"));
}

async function stop() {
  const sure = await ask({
    title: "Stop the run?",
    message: "No new requests are sent, those under way may end. The run is judged and its report written. It cannot be resumed.",
    yes: "Stop the run",
    danger: true,
  });
  if (sure) await order({ stopped: true }, "Asked to stop");
}

export class Controls {
  begin(plan, readonly) {
    const steered = plan.executors.filter((executor) => executor.steered);
    this.executors = plan.executors;
    this.allowed = !readonly && plan.run.has_load;
    this.paused = null;
    show(byId("controls"), this.allowed);
    if (!this.allowed) return;
    this.pause = h("button", { type: "button", id: "pause", onclick: () => order({ paused: !this.paused }, this.paused ? "Resumed" : "Paused") });
    show(this.pause, steered.length > 0);
    byId("controls").replaceChildren(
      h("h2", { id: "controls-title", class: "hidden" }, "Steer the run"), this.pause,
      ...steered.map((executor) => setter(executor, steered.length > 1)),
      noteForm(), h("button", { type: "button", id: "stop", class: "danger", onclick: stop }, "Stop…"), h("p", { id: "said", role: "status" }));
  }

  tick(state) {
    if (!this.allowed) return;
    this.paused = state.paused;
    text(this.pause, state.paused ? "Resume" : "Pause");
    const ending = state.phase === "stopping" || state.phase === "over";
    for (const button of byId("controls").querySelectorAll("button")) button.disabled = ending;
    this.executors.forEach((executor, i) => {
      const input = executor.steered && byId("set-" + executor.name);
      if (input) input.placeholder = "now " + asked(executor, state.executors[i].asked);
    });
  }
}
