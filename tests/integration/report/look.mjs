// Opens a report from its file in headless Chromium and says what is there, as JSON on stdout.
//   node look.mjs REPORT.html [width=1200] [scheme=light|dark] [picture=FILE.png] [pdf=FILE.pdf] [profile=FOLDER]
// `height` and `top` cut that part of the page out for the picture, `crop=ID` ends it before that
// element; without them it shows all of the page.
import { createRequire } from "node:module";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const { chromium } = createRequire(import.meta.url)("playwright-core");

const [file, ...rest] = process.argv.slice(2);
const options = Object.fromEntries(rest.map((option) => option.split("=")));
const profile = options.profile || mkdtempSync(join(tmpdir(), "plimsoll-chromium-"));

function examine() {
  // Runs inside the page.
  const charts = [...document.querySelectorAll("figure[data-chart]")].map((figure) => {
    const canvas = figure.querySelector("canvas");
    let painted = 0;
    let colours = 0;
    if (canvas) {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Set();
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] === 0) continue;
        painted++;
        seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
      }
      colours = seen.size;
    }
    const over = figure.querySelector(".u-over");
    const onset = figure.querySelector(".onset.broke");
    return {
      id: figure.dataset.chart,
      painted,
      colours,
      lines: [...figure.querySelectorAll(".u-legend .u-label")].map((label) => label.textContent),
      text: figure.querySelector("figcaption").textContent,
      plotLeft: over ? over.getBoundingClientRect().left : null,
      plotWidth: over ? over.clientWidth : null,
      onset: onset && !onset.hidden
        ? { t: Number(onset.dataset.t), x: onset.getBoundingClientRect().left - over.getBoundingClientRect().left }
        : null,
    };
  });
  const unnamed = [...document.querySelectorAll("table:not(.u-legend)")].filter((table) => !table.caption);
  // Tables that must be scrolled to be read, and texts of drawings that reach over their edges.
  const wide = [...document.querySelectorAll(".table")].filter((table) => table.scrollWidth > table.clientWidth).map((table) => table.getAttribute("aria-labelledby"));
  const clipped = [...document.querySelectorAll("svg text")].filter((text) => {
    const [inner, outer] = [text.getBoundingClientRect(), text.ownerSVGElement.getBoundingClientRect()];
    return inner.left < outer.left - 0.5 || inner.right > outer.right + 0.5;
  }).map((text) => text.textContent);
  // Cells whose text breaks elsewhere than between words: their lines, by where each character stands.
  const broken = [...document.querySelectorAll("table.alerts tbody th")].filter((cell) => {
    return [...cell.childNodes].filter((child) => child.nodeType === Node.TEXT_NODE).some((word) => {
      const range = document.createRange();
      range.selectNodeContents(word);
      return new Set([...range.getClientRects()].map((line) => Math.round(line.top))).size > 1;
    });
  }).map((cell) => cell.textContent);
  return {
    wide,
    clipped,
    broken,
    title: document.title,
    badge: document.querySelector(".badge")?.textContent ?? null,
    answer: document.getElementById("answer").textContent,
    headings: [...document.querySelectorAll("h1, h2")].map((heading) => heading.textContent),
    drawn: Number(document.documentElement.dataset.charts),
    tables: document.querySelectorAll("table:not(.u-legend)").length,
    unnamedTables: unnamed.length,
    scripts: document.scripts.length,
    images: document.images.length,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    charts,
  };
}

// Points at the middle of the first chart and reads the values that every chart shows then.
async function point(page) {
  const over = page.locator("figure[data-chart] .u-over").first();
  await over.scrollIntoViewIfNeeded();
  const box = await over.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForTimeout(50);
  return page.evaluate(() =>
    [...document.querySelectorAll("figure[data-chart]:not([data-chart=percentiles])")].map(
      (figure) => figure.querySelector(".u-legend .u-series:first-child .u-value").textContent));
}

// Drags across a quarter of the first chart; all charts must show the same stretch, and come back.
async function zoom(page) {
  const over = page.locator("figure[data-chart] .u-over").first();
  await over.scrollIntoViewIfNeeded();
  const box = await over.boundingBox();
  const marks = () => page.evaluate(() =>
    [...document.querySelectorAll("figure[data-chart] .onset.broke")].map((mark) => mark.hidden ? null : Math.round(parseFloat(mark.style.left))));
  const before = await marks();
  await page.mouse.move(box.x + box.width * 0.4, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.65, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.waitForTimeout(100);
  const zoomed = await marks();
  const button = await page.locator("#reset").isVisible();
  if (button) await page.locator("#reset").click();
  await page.waitForTimeout(100);
  return { before, zoomed, button, after: await marks() };
}

const browser = await chromium.launchPersistentContext(profile, {
  executablePath: "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
  viewport: { width: Number(options.width || 1200), height: Number(options.height || 900) },
  colorScheme: options.scheme || "light",
  deviceScaleFactor: Number(options.scale || 1),
});
try {
  const page = await browser.newPage();
  const messages = [];
  const requests = [];
  page.on("console", (message) => messages.push(message.type() + ": " + message.text()));
  page.on("pageerror", (error) => messages.push("exception: " + error.message));
  page.on("request", (request) => requests.push(request.url()));
  const address = pathToFileURL(resolve(file)).href;
  const devtools = await page.context().newCDPSession(page);
  // Of the page's own thread: a busy machine is not the page's fault.
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.goto(address);
  await page.waitForFunction(() => document.documentElement.dataset.charts !== undefined);
  const { metrics } = await devtools.send("Performance.getMetrics");
  await page.waitForTimeout(150);
  const seen = await page.evaluate(examine);
  seen.opened_s = metrics.find((metric) => metric.name === "TaskDuration").value;
  if (options.picture) {
    if (options.crop) options.height = await page.evaluate((id) => document.getElementById(id).getBoundingClientRect().top + scrollY, options.crop);
    const clip = options.height && { x: 0, y: Number(options.top || 0), width: Number(options.width || 1200), height: Number(options.height) };
    await page.screenshot({ path: options.picture, fullPage: true, clip: clip || undefined });
  } else if (seen.drawn > 0) {
    seen.pointed = await point(page);
    seen.zoom = await zoom(page);
  }
  if (options.pdf) await page.pdf({ path: options.pdf, format: "A4", printBackground: true });
  seen.messages = messages;
  seen.requests = requests.filter((url) => url !== address && !url.startsWith("data:"));
  console.log(JSON.stringify(seen, null, 1));
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
