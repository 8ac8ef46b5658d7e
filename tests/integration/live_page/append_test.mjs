// A chart that grows: what is kept of it, and how much. Expected values come from counting and from the whole series.
import assert from "node:assert/strict";
import { test } from "node:test";
import { append, kMost, kTail } from "../../../src/report/web/charts/append.js";

const empty = (kind = "lines", series = 1) => ({
  id: "a", kind, x: [], series: Array.from({ length: series }, (_, i) => ({ label: "s" + i, colour: "blue", y: [] })), lines: [], marks: [],
});
const add = (chart, x, y) => append(chart, { id: "a", keep: chart.total === undefined ? chart.x.length : chart.total, x: [x], y: [].concat(y).map((value) => [value]) });
const ascending = (x) => x.every((value, i) => i === 0 || value > x[i - 1]);

test("points follow one another", () => {
  const chart = empty();
  for (let t = 0; t < 10; t++) add(chart, t, t * t);
  assert.deepEqual(chart.x, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(chart.series[0].y, [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
});

test("late values replace the last points", () => {
  const chart = { ...empty(), x: [0, 1, 2], series: [{ label: "s", y: [5, 6, 7] }] };
  append(chart, { id: "a", keep: 1, x: [1, 2, 3], y: [[60, 70, 80]] });
  assert.deepEqual(chart.x, [0, 1, 2, 3]);
  assert.deepEqual(chart.series[0].y, [5, 60, 70, 80]);
});

test("an update without points leaves them, and says whether lines are new", () => {
  const chart = empty();
  for (let t = 0; t < 3; t++) add(chart, t, t);
  assert.equal(append(chart, { id: "a", message: "full" }), false);
  assert.equal(append(chart, { id: "a", lines: [{ label: "pool size 5", colour: "red", value: 5, far: false }] }), true);
  add(chart, 3, 3);
  assert.equal(chart.message, "full");
  assert.deepEqual(chart.x, [0, 1, 2, 3]);
  assert.deepEqual(chart.series[0].y, [0, 1, 2, 3]);
});

test("nothing is kept where the server begins anew", () => {
  const chart = empty();
  for (let t = 0; t < 5000; t++) add(chart, t, 1);
  append(chart, { id: "a", keep: 0, x: [0, 10], y: [[1, 2]] });
  assert.deepEqual(chart.x, [0, 10]);
  assert.deepEqual(chart.series[0].y, [1, 2]);
});

test("a day of seconds stays bounded, keeps its peaks and its latest points as they came", () => {
  const chart = empty();
  const peaks = new Set([100, 40000, 60001]);
  for (let t = 0; t < 86400; t++) {
    add(chart, t, peaks.has(t) ? 1000 + t : 1);
    assert.ok(chart.x.length <= kMost);
  }
  assert.equal(chart.total, 86400);
  assert.ok(ascending(chart.x));
  for (const t of peaks) assert.ok(chart.series[0].y.includes(1000 + t), "the peak at " + t);
  assert.deepEqual(chart.x.slice(-kTail), Array.from({ length: kTail }, (_, i) => 86400 - kTail + i));
  assert.equal(chart.series[0].y.length, chart.x.length);
});

test("a late value finds its place also where the older part was thinned", () => {
  const chart = empty();
  for (let t = 0; t < 10000; t++) add(chart, t, 1);
  append(chart, { id: "a", keep: 9990, x: [9990, 9991], y: [[7, 8]] });
  assert.equal(chart.total, 9992);
  assert.deepEqual(chart.x.slice(-4), [9988, 9989, 9990, 9991]);
  assert.deepEqual(chart.series[0].y.slice(-4), [1, 1, 7, 8]);
  // Further back than what was kept as it came: what is new replaces what is as late.
  append(chart, { id: "a", keep: 1000, x: [1000, 5000, 9000], y: [[3, 4, 5]] });
  assert.ok(ascending(chart.x));
  assert.deepEqual(chart.x.slice(-3), [1000, 5000, 9000]);
  assert.ok(chart.x[chart.x.length - 4] < 1000);
  assert.equal(chart.total, 1003);
});

test("gaps stay gaps, and a value beside one stays a value", () => {
  const chart = empty();
  for (let t = 0; t < 3000; t++) add(chart, t, t >= 200 && t < 400 ? null : 2);
  const inside = chart.series[0].y.filter((_, i) => chart.x[i] >= 204 && chart.x[i] < 396);
  assert.ok(inside.length > 0 && inside.every((value) => value === null));
  const outside = chart.series[0].y.filter((_, i) => chart.x[i] < 196 || chart.x[i] >= 404);
  assert.ok(outside.every((value) => value === 2));
});

test("a thinned heatmap keeps the mean of each row over time", () => {
  const chart = empty("heatmap", 3);
  for (let t = 0; t < 20000; t++) add(chart, t, [t < 10000 ? 10 : 30, 4, t % 2 ? 30 : 10]);
  assert.ok(chart.x.length <= kMost);
  assert.ok(ascending(chart.x));
  const [step, level, mixed] = chart.series.map((series) => series.y);
  assert.ok(level.every((value) => Math.abs(value - 4) < 1e-9));
  // A column stands for 20 s at most here.
  chart.x.forEach((x, i) => {
    if (x < 9980) assert.ok(Math.abs(step[i] - 10) < 1e-9);
    if (x > 10020) assert.ok(Math.abs(step[i] - 30) < 1e-9);
  });
  const older = mixed.slice(0, 600);
  assert.ok(Math.abs(older.reduce((sum, value) => sum + value, 0) / older.length - 20) < 0.5);
});

test("other lines mean another drawing, other values do not", () => {
  const chart = { ...empty(), lines: [{ label: "pool 5", colour: "red", value: 5, far: false }] };
  const update = (lines) => append(chart, { id: "a", keep: chart.x.length, x: [], y: [[]], lines });
  assert.equal(update([{ label: "pool 5", colour: "red", value: 6, far: false }]), false);
  assert.equal(chart.lines[0].value, 6);
  assert.equal(update([{ label: "pool 8", colour: "red", value: 8, far: false }]), true);
  assert.equal(update(undefined), false);
});
