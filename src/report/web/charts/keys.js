// What the mouse does on a chart, by keys; and its names and states for those who do not see it.

// Elsewhere the arrows scroll, so a chart must have the focus.
const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 };

function show(plot, index) {
  const left = plot.valToPos(plot.data[0][index], "x");
  plot.setCursor({ left, top: plot.over.clientHeight / 2 }, true, true);
}

// Points of the stretch that is shown; null where there are none.
function shown(plot) {
  const { min, max } = plot.scales.x;
  const x = plot.data[0];
  const from = x.findIndex((at) => at >= min);
  let to = x.length - 1;
  while (to >= 0 && x[to] > max) to--;
  return from < 0 || to < from ? null : [from, to];
}

function speak(plot) {
  const said = [...plot.root.querySelectorAll(".u-legend .u-series")].map((row) => {
    const value = row.querySelector(".u-value").textContent;
    return value && value !== "--" ? row.querySelector(".u-label").textContent + " " + value : "";
  });
  const place = document.getElementById("spoken");
  if (place) place.textContent = said.filter(Boolean).join(", ");
}

function onKey(group, entry, event) {
  const { plot } = entry;
  const range = shown(plot);
  if (!range || event.altKey || event.ctrlKey || event.metaKey) return;
  const [from, to] = range;
  const at = plot.cursor.idx == null ? null : plot.cursor.idx;
  if (event.key in moves) {
    const step = moves[event.key];
    show(plot, at === null ? (step > 0 ? from : to) : Math.min(to, Math.max(from, at + step)));
  } else if (event.key === "Home" || event.key === "End") {
    show(plot, event.key === "Home" ? from : to);
  } else if (event.key === "Escape") {
    plot.setCursor({ left: -10, top: -10 }, true, true);
    group.setZoom(null);
  } else if ((event.key === "+" || event.key === "-") && entry.timed) {
    const { min, max } = plot.scales.x;
    const middle = at === null ? (min + max) / 2 : plot.data[0][at];
    const half = ((max - min) / 2) * (event.key === "+" ? 0.5 : 2);
    const next = [Math.max(0, middle - half), Math.min(group.run.duration, middle + half)];
    group.setZoom(next[0] <= 0 && next[1] >= group.run.duration ? null : next);
  } else {
    return;
  }
  event.preventDefault();
  speak(plot);
}

// A name in the legend hides its line: a button, though uPlot made it a cell.
function legendButtons(plot) {
  plot.root.querySelectorAll(".u-legend .u-series").forEach((row, index) => {
    if (index === 0) return;
    const label = row.querySelector(".u-label");
    label.tabIndex = 0;
    label.setAttribute("role", "button");
    const tell = () => label.setAttribute("aria-pressed", String(!row.classList.contains("u-off")));
    tell();
    label.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      label.click();
    });
    row.addEventListener("click", tell);
  });
}

// Where the keyboard is in a chart that is about to be drawn anew: on the picture or on a name, and at which point; null:
// elsewhere.
export function placeOf(plot) {
  const focused = document.activeElement;
  if (!plot || !plot.root.contains(focused)) return null;
  return { name: focused.matches(".u-label") ? focused.textContent : null, x: plot.cursor.idx == null ? null : plot.data[0][plot.cursor.idx] };
}

export function putBack(plot, place) {
  if (place === null) return;
  const name = [...plot.root.querySelectorAll(".u-legend .u-label")].find((each) => each.textContent === place.name);
  (name || plot.root.querySelector(".u-wrap")).focus({ preventScroll: true });
  // uPlot has its scales only after what it has put off until now.
  queueMicrotask(() => {
    const range = place.x === null ? null : shown(plot);
    if (range === null) return;
    const at = plot.data[0].findIndex((x) => x >= place.x);
    show(plot, Math.min(range[1], Math.max(range[0], at < 0 ? range[1] : at)));
  });
}

export function steer(group, entry) {
  const { plot, place } = entry;
  const wrap = plot.root.querySelector(".u-wrap");
  // The picture is what is drawn, not the legend with its buttons.
  const names = place.getAttribute("aria-labelledby") || wrap.getAttribute("aria-labelledby") || entry.names;
  entry.names = names;
  place.removeAttribute("role");
  place.removeAttribute("aria-labelledby");
  wrap.setAttribute("role", "img");
  if (names) wrap.setAttribute("aria-labelledby", names);
  wrap.tabIndex = 0;
  wrap.addEventListener("keydown", (event) => onKey(group, entry, event));
  legendButtons(plot);
}
