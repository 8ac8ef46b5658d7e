// What lies under and over the lines of a chart: gaps, the break, stages, events, names of levels.
import { colour } from "./theme.js";

// Under the lines. `first`: the chart at the top, which names the stages.
export function verticals(u, run, first) {
  const { ctx, bbox } = u;
  const at = (t) => u.valToPos(t, "x", true);
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colour("gap");
  for (const gap of run.gaps) {
    const width = Math.max(2 * ratio, at(gap.to) - at(gap.from));
    ctx.fillRect(at(gap.from), bbox.top, width, bbox.height);
  }
  if (run.broke) {
    ctx.fillStyle = colour("broke-soft");
    const width = Math.max(4 * ratio, at(run.broke.to) - at(run.broke.from));
    ctx.fillRect(at(run.broke.from), bbox.top, width, bbox.height);
  }
  const line = (t, token, width, dash) => {
    ctx.strokeStyle = colour(token);
    ctx.lineWidth = width * ratio;
    ctx.setLineDash(dash.map((part) => part * ratio));
    ctx.beginPath();
    ctx.moveTo(at(t), bbox.top);
    ctx.lineTo(at(t), bbox.top + bbox.height);
    ctx.stroke();
  };
  for (const event of run.events) line(event.t, "purple", 1.5, []);
  let free = -Infinity;
  ctx.font = 11 * ratio + "px system-ui, sans-serif";
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  for (const stage of run.stages) {
    line(stage.t, "grey", 1, [4, 4]);
    const x = at(stage.t) + 4 * ratio;
    const width = ctx.measureText(stage.label).width;
    if (first && x > free && x + width < bbox.left + bbox.width) {
      ctx.fillStyle = colour("muted");
      ctx.fillText(stage.label, x, bbox.top + 22 * ratio);
      free = x + width + 8 * ratio;
    }
  }
  ctx.restore();
}

// Names of the levels, at the level or, where it is off the scale, at the top edge; failure marks.
export function notes(u, chart) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = 12 * ratio + "px system-ui, sans-serif";
  ctx.textAlign = "right";
  ctx.lineWidth = 4 * ratio;
  ctx.lineJoin = "round";
  ctx.strokeStyle = colour("card");
  let row = 0;
  chart.lines.forEach((line, index) => {
    if (!u.series[1 + chart.series.length + index].show) return;
    const away = u.scales.y.max < line.value;
    const text = away ? "↑ " + line.label : line.label;
    const x = bbox.left + bbox.width - 6 * ratio;
    const y = away ? bbox.top + (2 + 16 * row++) * ratio : u.valToPos(line.value, "y", true) - 4 * ratio;
    ctx.textBaseline = away ? "top" : "bottom";
    ctx.strokeText(text, x, y);
    ctx.fillStyle = colour(line.colour);
    ctx.fillText(text, x, y);
  });
  ctx.strokeStyle = colour("red");
  ctx.lineWidth = 1.5 * ratio;
  const arm = 3 * ratio;
  ctx.beginPath();
  for (const mark of chart.marks) {
    for (const t of mark.t) {
      const x = u.valToPos(t, "x", true);
      const y = bbox.top + 6 * ratio;
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.moveTo(x - arm, y - arm);
      ctx.lineTo(x + arm, y + arm);
      ctx.moveTo(x - arm, y + arm);
      ctx.lineTo(x + arm, y - arm);
    }
  }
  ctx.stroke();
  ctx.restore();
}

// The onset is an element, not paint: crisp at every zoom and visible to tools. Returns what puts
// it at its place again.
export function onsetElement(u, kind, marker, labelled) {
  const element = document.createElement("div");
  element.className = "onset " + kind;
  element.dataset.t = marker.t;
  if (labelled) {
    const text = document.createElement("span");
    text.textContent = marker.label;
    element.append(text);
  }
  u.over.append(element);
  return () => {
    const x = u.valToPos(marker.t, "x");
    const width = u.over.clientWidth;
    element.hidden = x < 0 || x > width;
    element.style.left = x - 1 + "px";
    const text = element.firstChild;
    element.classList.toggle("flip", text !== null && x + text.offsetWidth + 12 > width);
  };
}
