// Ranges of the axes and where their labels stand.

export function extent(chart) {
  let least = Infinity;
  let most = 0;
  for (const series of chart.series) {
    for (const value of series.y) {
      if (value === null) continue;
      if (value > most) most = value;
      if (value > 0 && value < least) least = value;
    }
  }
  for (const line of chart.lines) if (!line.far) most = Math.max(most, line.value);
  return { least: Math.min(least, most) || 1, most: most || 1 };
}

export const isFar = (line, most) => line.far && line.value > 2 * most;

export function logSplits(least, most) {
  const decades = Math.log10(most / least);
  const steps = decades > 3.4 ? [1] : decades > 1.6 ? [1, 3] : [1, 2, 5];
  const splits = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.log10(most); power++) {
    for (const step of steps) {
      const value = step * Math.pow(10, power);
      if (value >= least * 0.999 && value <= most * 1.001) splits.push(value);
    }
  }
  return splits;
}

export function percentileSplits(longest) {
  const marks = [0, -Math.log10(0.5), -Math.log10(0.25), 1];
  for (let nines = 2; nines <= longest; nines++) marks.push(nines);
  return marks.filter((mark) => mark <= longest);
}

export const timeSteps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

// Of a chart of lines: what its y axis spans, and whether a line lies off it.
export function rangeOf(chart, log, showFar) {
  const { least, most } = extent(chart);
  const reachable = chart.lines.filter((line) => line.far && (!isFar(line, most) || showFar));
  const top = Math.max(most, ...reachable.map((line) => line.value));
  // Room at the top for the names of levels and for marks.
  const away = chart.lines.length > 0 || chart.marks.length > 0;
  return {
    range: log ? [Math.pow(10, Math.floor(Math.log10(least))), top * (away ? 2 : 1.3)] : [0, top * (away ? 1.22 : 1.1)],
    far: chart.lines.some((line) => isFar(line, most)),
  };
}
