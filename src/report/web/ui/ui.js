// The live page: finds out what the server is, and shows the run or the list of runs.
import { forgetToken, get, keepToken, sentence, takeToken } from "./api.js";
import { byId, show, text } from "./dom.js";
import { showLink } from "./head.js";
import { Live } from "./live.js";
import { Start } from "./start.js";
import { Stream } from "./stream.js";

let session = null;
let place = null; // what is shown: live, start or locked
let running = false; // there is a run to look at

function go(next) {
  place = next;
  for (const id of ["live", "start", "locked"]) show(byId(id), id === next);
  const starts = session !== null && session.mode === "start";
  show(byId("places"), starts && running && next !== "locked");
  for (const [button, id] of [["to-live", "live"], ["to-start", "start"]]) {
    if (next === id) byId(button).setAttribute("aria-current", "page");
    else byId(button).removeAttribute("aria-current");
  }
  if (next === "start") {
    document.title = "Runs - Plimsoll";
    start.open();
  }
}

const start = new Start({ session: () => session });
const live = new Live({ session: () => session, back: () => go("start") });

const stream = new Stream(
  {
    idle: () => {
      // Who has watched a run to its end keeps it before them, also after a break.
      running = live.isOver();
      if (!running || place === null) go("start");
    },
    begin: (message) => {
      running = true;
      session = stream.session;
      go("live"); // first, so that the charts know their width
      live.begin(message);
    },
    tick: (message) => live.tick(message),
    verdict: (message) => live.judge(message),
    over: (message) => live.over(message),
    failed: (message) => start.failed(message.error),
  },
  (state, tries) => {
    showLink(state, tries, stream.heard, stream.ticking);
    if (state === "refused") {
      forgetToken();
      lock("The token does not fit: Plimsoll was started anew, or it was copied in part. Open the address that it printed.");
    }
  });

function lock(why) {
  text(byId("locked-why"), why);
  go("locked");
  byId("token").focus();
}

async function enter() {
  try {
    session = await get("/api/session");
  } catch (error) {
    if (error.status === 401) {
      forgetToken();
      lock("That token does not fit. Open the address that Plimsoll printed, or paste what stands behind token= in it.");
      return;
    }
    if (error.status) {
      lock(sentence(error));
      return;
    }
  }
  if (session) text(byId("about"), "Plimsoll " + session.version + ". " + byId("about").textContent);
  stream.open();
}

byId("to-live").addEventListener("click", () => go("live"));
byId("to-start").addEventListener("click", () => go("start"));
byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const pasted = byId("token").value.trim();
  keepToken(/token=([0-9a-zA-Z_-]+)/.exec(pasted)?.[1] || pasted);
  byId("token").value = "";
  enter();
});

// The address pasted where the page is open already changes only what stands behind its #.
window.addEventListener("hashchange", () => {
  if (location.hash.startsWith("#token=")) location.reload();
});

if (takeToken()) enter();
else lock("Open the address that Plimsoll printed when it started: it carries a token. Or paste that address, or its token, here.");
