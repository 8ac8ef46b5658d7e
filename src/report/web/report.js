// Draws the charts of report.html. Everything that can be said without a chart is in the page already.
import { ChartGroup } from "./charts/group.js";
import { root } from "./charts/theme.js";

const run = JSON.parse(document.getElementById("run-data").textContent);
const group = new ChartGroup({ run, reset: document.getElementById("reset") });

run.charts.forEach((chart, index) => {
  const figure = document.querySelector('[data-chart="' + chart.id + '"]');
  if (figure) group.add(chart, figure, { first: index === 0 });
});
const distribution = document.querySelector('[data-chart="percentiles"]');
if (distribution && run.percentiles.x.length > 1) group.add(run.percentiles, distribution, { timed: false });
root.dataset.charts = String(group.entries.size);
