// How many requests took how long, over time: one column a point, one row between two edges.
import { duration, figure } from "./numbers.js";
import { colour } from "./theme.js";

const kLevels = 24;

// Edges as they are drawn: a logarithmic axis has no place for 0.
const drawn = (edges) => (edges[0] > 0 ? edges : [edges[1] / 2].concat(edges.slice(1)));

const filledRows = (chart) => chart.series.flatMap((series, row) => (series.y.some((value) => value > 0) ? [row] : []));

// From the lowest row that has anything to the highest.
export function heatRange(chart) {
  const edges = drawn(chart.edges);
  const rows = filledRows(chart);
  if (rows.length === 0) return [edges[0], edges[edges.length - 1]];
  return [edges[rows[0]], edges[rows[rows.length - 1] + 1]];
}

export const heatColumns = (chart) => [chart.x, chart.x.map(() => null)];

export function heatMost(chart) {
  let most = 0;
  for (const series of chart.series) for (const value of series.y) if (value > most) most = value;
  return most;
}

// Half way to the neighbours; over a hole no wider than usual.
function columnEnds(x) {
  const steps = [];
  for (let i = 1; i < x.length; i++) steps.push(x[i] - x[i - 1]);
  const usual = steps.length ? steps.slice().sort((a, b) => a - b)[Math.floor(steps.length / 2)] : 1;
  return x.map((at, i) => {
    const before = Math.min(i > 0 ? steps[i - 1] : usual, 2 * usual);
    const after = Math.min(i < steps.length ? steps[i] : usual, 2 * usual);
    return [at - before / 2, at + after / 2];
  });
}

// Square root: few requests stay visible beside many.
const level = (value, most) => Math.min(kLevels, Math.ceil(kLevels * Math.sqrt(value / most)));

export function paintHeat(u, chart) {
  const { ctx, bbox } = u;
  const most = heatMost(chart);
  if (!(most > 0)) return;
  const edges = drawn(chart.edges);
  const ends = columnEnds(chart.x).map(([from, to]) => [Math.round(u.valToPos(from, "x", true)), Math.round(u.valToPos(to, "x", true))]);
  const heights = edges.map((edge) => Math.round(u.valToPos(edge, "y", true)));
  const paths = Array.from({ length: kLevels + 1 }, () => new Path2D());
  chart.series.forEach((series, row) => {
    const top = heights[row + 1];
    const height = heights[row] - top;
    series.y.forEach((value, i) => {
      if (value > 0) paths[level(value, most)].rect(ends[i][0], top, Math.max(1, ends[i][1] - ends[i][0]), height);
    });
  });
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colour("blue");
  paths.forEach((path, step) => {
    ctx.globalAlpha = 0.08 + 0.92 * (step / kLevels);
    ctx.fill(path);
  });
  ctx.restore();
}

// What the legend says of column `i`: the cell at `value` seconds, else where most requests were.
export function heatReading(chart, i, value) {
  const column = chart.series.map((series) => series.y[i] || 0);
  const total = column.reduce((sum, each) => sum + each, 0);
  if (!(total > 0)) return "none";
  const edges = chart.edges;
  let row = value == null ? -1 : chart.series.findIndex((series, at) => value >= edges[at] && value < edges[at + 1]);
  const pointed = row >= 0;
  if (!pointed) row = column.indexOf(Math.max(...column));
  const span = duration(edges[row]) + " to " + duration(edges[row + 1]);
  return (pointed ? "" : "most at ") + span + ": " + figure(column[row]) + "/s";
}
