// A chart that grows: takes what the server adds, and keeps no more points than a screen can show
// however long the run is.

export const kMost = 2400; // points of a chart; from here on its older part is thinned
export const kTail = 600; // the newest, kept as they came

// `chart.total` counts the server's points, `chart.intact` those at the end that are kept as they came.
function begin(chart) {
  if (chart.total !== undefined) return;
  chart.total = chart.x.length;
  chart.intact = chart.x.length;
}

// How many of our points stand for the server's first `keep`.
function kept(chart, update) {
  if (update.keep <= 0) return 0;
  const gone = Math.max(0, chart.total - update.keep);
  if (gone <= chart.intact) return chart.x.length - gone;
  // Further back than what we have as it came: by time.
  if (update.x.length === 0) return chart.x.length - chart.intact;
  const at = chart.x.findIndex((x) => x >= update.x[0]);
  return at < 0 ? chart.x.length : at;
}

// Least and most of rows [from, to) in the order of their places, so that no peak is lost.
function extremes(y, from, to) {
  let least = -1;
  let most = -1;
  for (let i = from; i < to; i++) {
    if (y[i] == null) continue;
    if (least < 0 || y[i] < y[least]) least = i;
    if (most < 0 || y[i] > y[most]) most = i;
  }
  if (least < 0) return [null, null];
  return [y[Math.min(least, most)], y[Math.max(least, most)]];
}

// Each column is as much worth as the time that it stands for.
function mean(y, from, to, x) {
  let sum = 0;
  let weight = 0;
  for (let i = from; i < to; i++) {
    const width = x[i + 1] - x[i];
    sum += (y[i] || 0) * width;
    weight += width;
  }
  return sum / weight;
}

// Ends of the stretches of equal time into which the first `end` points are divided, as places.
function stretches(x, end, count) {
  const width = (x[end] - x[0]) / count;
  const ends = [];
  for (let i = 1; i <= end; i++) {
    if (i === end || Math.floor((x[i] - x[0]) / width) !== Math.floor((x[i - 1] - x[0]) / width)) ends.push(i);
  }
  return ends;
}

// The points before the tail become half as many as there is room for, evenly over their time.
function thin(chart) {
  const heat = chart.kind === "heatmap";
  const { x } = chart;
  const end = x.length - kTail;
  const room = (kMost - kTail) / 2;
  const ends = stretches(x, end, heat ? room : room / 2);
  const shorter = (column, one) => {
    const small = [];
    let from = 0;
    for (const to of ends) {
      small.push(...(to === from + 1 ? [column[from]] : one(column, from, to)));
      from = to;
    }
    return small.concat(column.slice(end));
  };
  for (const series of chart.series) series.y = shorter(series.y, (y, from, to) => (heat ? [mean(y, from, to, x)] : extremes(y, from, to)));
  chart.x = shorter(x, (_, from, to) => (heat ? [(x[from] + x[to - 1]) / 2] : [x[from], x[to - 1]]));
  chart.intact = kTail;
}

const names = (list) => JSON.stringify(list.map((each) => [each.label, each.colour, each.far]));

function appendPoints(chart, update) {
  begin(chart);
  const length = kept(chart, update);
  const gone = Math.max(0, chart.total - update.keep);
  chart.x.length = length;
  chart.x.push(...update.x);
  chart.series.forEach((series, i) => {
    series.y.length = length;
    series.y.push(...update.y[i]);
  });
  chart.intact = Math.max(0, Math.min(chart.intact - gone, length)) + update.x.length;
  chart.total = update.keep + update.x.length;
}

// Takes a CHART_UPDATE, which has points only where they changed. True where the chart has other lines
// or marks to draw than before.
export function append(chart, update) {
  if (update.x) appendPoints(chart, update);
  if (update.message !== undefined) chart.message = update.message;
  const before = names(chart.lines) + names(chart.marks);
  if (update.lines) chart.lines = update.lines;
  if (update.marks) chart.marks = update.marks;
  if (chart.x.length > kMost) thin(chart);
  return before !== names(chart.lines) + names(chart.marks);
}
