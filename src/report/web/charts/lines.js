// A chart of lines as uPlot wants it: its series, its columns, its axes.
import { clock, formats, percentile } from "./numbers.js";
import { logSplits, percentileSplits, timeSteps } from "./scales.js";
import { colour, font, isNarrow } from "./theme.js";

// Lines break at missing values; a value alone between two breaks would be invisible without a dot.
function lonely(u, index) {
  const y = u.data[index];
  const found = [];
  for (let i = 0; i < y.length; i++) {
    if (y[i] != null && y[i - 1] == null && y[i + 1] == null) found.push(i);
  }
  return found;
}

export function lineSeries(chart) {
  const format = formats[chart.unit];
  const list = chart.series.map((series) => ({
    label: series.label,
    stroke: colour(series.colour),
    width: series.dashed ? 1.5 : 2,
    dash: series.dashed ? [6, 4] : undefined,
    fill: series.filled ? colour(series.colour) + "22" : undefined,
    spanGaps: chart.joined,
    points: chart.joined ? { show: false } : { show: false, size: 4, filter: lonely },
    value: (u, value) => (value == null ? "" : format(value)),
  }));
  for (const line of chart.lines) {
    list.push({ label: line.label, stroke: colour(line.colour), width: 2, dash: [2, 4], points: { show: false }, value: () => "" });
  }
  for (const mark of chart.marks) {
    list.push({ label: "✕ " + mark.label, stroke: colour("red"), points: { show: false }, value: () => "" });
  }
  return list;
}

export function lineColumns(chart) {
  const level = (value) => chart.x.map(() => value);
  return [chart.x]
    .concat(chart.series.map((series) => series.y))
    .concat(chart.lines.map((line) => level(line.value)))
    .concat(chart.marks.map(() => level(null)));
}

function axisPair(xAxis, yAxis, format) {
  const common = { stroke: colour("muted"), font, grid: { stroke: colour("grid"), width: 1 }, ticks: { show: false } };
  return [
    Object.assign({ size: 28, gap: 7, space: 64 }, xAxis, common),
    Object.assign({ size: isNarrow() ? 54 : 68, gap: 6, values: (u, splits) => splits.map((v) => (v == null ? "" : format(v))) }, yAxis, common),
  ];
}

const logAxis = (range) => ({ splits: () => logSplits(range()[0], range()[1]), filter: (u, splits) => splits });

// `run` has the duration, `range()` what the y axis spans now.
export function timeAxes(run, format, log, range) {
  const xAxis = { incrs: timeSteps, values: (u, splits) => splits.map((t) => clock(t, run.duration)) };
  return axisPair(xAxis, log ? logAxis(range) : {}, format);
}
export function percentileAxes(format, log, range) {
  const xAxis = { splits: (u) => percentileSplits(u.scales.x.max), values: (u, splits) => splits.map(percentile) };
  return axisPair(xAxis, log ? logAxis(range) : {}, format);
}
