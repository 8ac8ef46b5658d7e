// Draws the charts of report.html. Everything that can be said without a chart is in the page already.
(function () {
  "use strict";

  const run = JSON.parse(document.getElementById("run-data").textContent);
  const root = document.documentElement;
  const reset = document.getElementById("reset");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const plots = new Map(); // chart id → uPlot
  let zoom = null; // [from, to] in seconds, or null for the whole run

  const colour = (token) => getComputedStyle(root).getPropertyValue("--" + token).trim();

  // ---- numbers as people read them -------------------------------------------------------------
  function figure(value) {
    const size = Math.abs(value);
    if (size >= 999.5) return Math.round(value).toLocaleString("en-US");
    if (size === 0) return "0";
    const digits = Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(size))));
    return String(Number(value.toFixed(digits)));
  }
  function duration(seconds) {
    const size = Math.abs(seconds);
    if (size === 0) return "0";
    if (size < 1e-3) return figure(seconds * 1e6) + " µs";
    if (size < 1) return figure(seconds * 1e3) + " ms";
    return figure(seconds) + " s";
  }
  function clock(seconds) {
    if (run.duration <= 120) return figure(seconds) + " s";
    const whole = Math.round(seconds);
    const two = (n) => String(n).padStart(2, "0");
    const minutes = Math.floor(whole / 60);
    if (run.duration < 3600) return minutes + ":" + two(whole % 60);
    const rest = whole % 60 ? ":" + two(whole % 60) : "";
    return Math.floor(minutes / 60) + "h" + two(minutes % 60) + rest;
  }
  const formats = {
    rate: (v) => (v === 0 ? "0" : figure(v) + "/s"),
    seconds: duration,
    count: figure,
    cores: figure,
  };
  // x of the percentile chart is −log10(1 − q)
  function percentile(nines) {
    const percent = 100 * (1 - Math.pow(10, -nines));
    const digits = Math.max(0, Math.ceil(nines) - 2);
    return "p" + Number(percent.toFixed(Math.min(4, digits)));
  }

  // ---- scales ----------------------------------------------------------------------------------
  function extent(chart) {
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
  const isFar = (line, most) => line.far && line.value > 2 * most;

  function logSplits(least, most) {
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

  // ---- what lies under and over the lines ------------------------------------------------------
  function verticals(u, first) {
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
  function notes(u, chart) {
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

  // The onset is an element, not paint: crisp at every zoom and visible to tools.
  function onsetElement(u, kind, marker, labelled) {
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

  // ---- one chart -------------------------------------------------------------------------------
  // Lines break at missing values; a value alone between two breaks would be invisible without a dot.
  function lonely(u, index) {
    const y = u.data[index];
    const found = [];
    for (let i = 0; i < y.length; i++) {
      if (y[i] != null && y[i - 1] == null && y[i + 1] == null) found.push(i);
    }
    return found;
  }

  function seriesOf(chart, format) {
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

  function dataOf(chart) {
    const level = (value) => chart.x.map(() => value);
    return [chart.x]
      .concat(chart.series.map((series) => series.y))
      .concat(chart.lines.map((line) => level(line.value)))
      .concat(chart.marks.map(() => level(null)));
  }

  function axes(format, xFormat, xSplits, yAxis) {
    const common = { stroke: colour("muted"), font: "12px system-ui, sans-serif", grid: { stroke: colour("grid"), width: 1 }, ticks: { show: false } };
    return [
      Object.assign({ size: 28, gap: 7, space: 64, values: (u, splits) => splits.map(xFormat) }, xSplits, common),
      Object.assign({ size: innerWidth < 760 ? 54 : 68, gap: 6, values: (u, splits) => splits.map((v) => (v == null ? "" : format(v))) }, yAxis, common),
    ];
  }

  function build(chart, place, timed, first) {
    const figureElement = place.closest("figure");
    const logBox = figureElement.querySelector("[data-log]");
    const farBox = figureElement.querySelector("[data-far]");
    const log = Boolean(logBox && logBox.checked);
    const format = formats[chart.unit];
    const { least, most } = extent(chart);
    const reachable = chart.lines.filter((line) => line.far && (!isFar(line, most) || (farBox && farBox.checked)));
    const top = Math.max(most, ...reachable.map((line) => line.value));
    // Room at the top for the names of levels and for marks.
    const away = chart.lines.length > 0 || chart.marks.length > 0;
    const range = log ? [Math.pow(10, Math.floor(Math.log10(least))), top * (away ? 2 : 1.3)] : [0, top * (away ? 1.22 : 1.1)];
    const updates = [];
    const options = {
      width: Math.max(200, place.clientWidth),
      height: innerWidth < 760 ? 190 : 210,
      padding: [10, 18, 0, 0],
      scales: {
        x: timed ? { time: false, range: () => zoom || [0, run.duration] } : { time: false, range: (u, from, to) => [0, to] },
        y: log ? { distr: 3, range: () => range } : { range: () => range },
      },
      axes: timed
        ? axes(format, clock, { incrs: [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400] }, log ? logAxis(range) : {})
        : axes(format, percentile, { splits: (u) => percentileSplits(u.scales.x.max) }, log ? logAxis(range) : {}),
      series: [{ label: "", value: (u, v) => (v == null ? "" : timed ? "at " + clock(v) : "at " + percentile(v)) }].concat(seriesOf(chart, format)),
      cursor: {
        sync: timed ? { key: "run" } : undefined,
        drag: { x: timed, y: false, setScale: false },
        points: { size: 7 },
        bind: { dblclick: () => () => timed && setZoom(null) },
      },
      hooks: {
        drawAxes: timed ? [(u) => verticals(u, first)] : [],
        draw: [(u) => { notes(u, chart); for (const update of updates) update(); }],
        setSelect: timed
          ? [(u) => {
              if (u.select.width < 6) return;
              setZoom([u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")]);
            }]
          : [],
        ready: [(u) => {
          if (timed && run.cause) updates.push(onsetElement(u, "cause", run.cause, false));
          if (timed && run.broke) updates.push(onsetElement(u, "broke", run.broke, first));
          for (const update of updates) update();
        }],
      },
    };
    place.replaceChildren();
    const plot = new uPlot(options, dataOf(chart), place);
    plots.set(chart.id, plot);
    if (farBox) farBox.parentElement.hidden = !chart.lines.some((line) => isFar(line, most));
  }

  function logAxis(range) {
    return { splits: () => logSplits(range[0], range[1]), filter: (u, splits) => splits };
  }
  function percentileSplits(longest) {
    const marks = [0, -Math.log10(0.5), -Math.log10(0.25), 1];
    for (let nines = 2; nines <= longest; nines++) marks.push(nines);
    return marks.filter((mark) => mark <= longest);
  }

  // ---- the page --------------------------------------------------------------------------------
  function setZoom(next) {
    const same = zoom === next || (zoom && next && zoom[0] === next[0] && zoom[1] === next[1]);
    if (same) return;
    zoom = next;
    reset.hidden = zoom === null;
    for (const chart of run.charts) {
      const plot = plots.get(chart.id);
      const [min, max] = zoom || [0, run.duration];
      plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      plot.setScale("x", { min, max });
    }
  }

  function each(visit) {
    run.charts.forEach((chart, index) => {
      const place = document.querySelector('[data-chart="' + chart.id + '"] .plot');
      if (place) visit(chart, place, true, index === 0);
    });
    const place = document.querySelector('[data-chart="percentiles"] .plot');
    if (place && run.percentiles.x.length > 1) visit(run.percentiles, place, false, false);
  }

  function draw() {
    each((chart, place, timed, first) => {
      const old = plots.get(chart.id);
      if (old) old.destroy();
      build(chart, place, timed, first);
    });
  }

  each((chart, place, timed, first) => {
    const box = place.closest("figure");
    const logBox = box.querySelector("[data-log]");
    if (logBox) {
      const { least, most } = extent(chart);
      logBox.checked = most / least > 50;
    }
    for (const input of box.querySelectorAll("input")) {
      input.addEventListener("change", () => {
        plots.get(chart.id).destroy();
        build(chart, place, timed, first);
      });
    }
  });
  draw();
  reset.addEventListener("click", () => setZoom(null));
  dark.addEventListener("change", draw);
  let width = innerWidth;
  window.addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    requestAnimationFrame(draw);
  });
  window.addEventListener("beforeprint", () => {
    root.classList.add("print");
    document.body.style.width = "700px";
    draw();
  });
  window.addEventListener("afterprint", () => {
    root.classList.remove("print");
    document.body.style.width = "";
    draw();
  });
  root.dataset.charts = String(plots.size);
})();
