// Shows how the run stands, in one line.
"use strict";

const told = new URLSearchParams(location.hash.slice(1)).get("token");
if (told) {
  sessionStorage.setItem("plimsoll-token", told);
  history.replaceState(null, "", location.pathname);
}
const token = sessionStorage.getItem("plimsoll-token");
const line = document.getElementById("state");

async function watch() {
  const answer = await fetch("/api/session", { headers: { Authorization: "Bearer " + token } });
  if (!answer.ok) {
    line.textContent = "Open the URL that plimsoll printed: it carries the token.";
    return;
  }
  const session = await answer.json();
  const live = new EventSource("/api/live?view=" + session.view);
  const show = (state) => {
    line.textContent = `${state.phase}: ${state.t} s, ${state.requests ?? 0} requests, ${state.failed ?? 0} failed`;
  };
  live.addEventListener("begin", (event) => show(JSON.parse(event.data).state));
  live.addEventListener("tick", (event) => show(JSON.parse(event.data).state));
  live.addEventListener("over", (event) => {
    live.close();
    const over = JSON.parse(event.data);
    if (over.report) location.replace(over.report + "?view=" + session.view);
  });
}

watch();
