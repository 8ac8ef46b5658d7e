// Drives the live page of a real run in headless Chromium, as a person would: node ui_page.mjs URL [PICTURES], then says
// what it saw as JSON on stdout. It notes something, sets a rate, waits for the finding, stops the run and reads the report.
import { launch, open } from "../integration/live_page/browse.mjs";

const [url, pictures] = process.argv.slice(2);
const kNote = "deployed v2 here";
const browser = await launch();
const seen = {};

async function picture(page, name, options) {
  if (!pictures) return;
  for (const [suffix, scheme, width] of [["light", "light", 1200], ["dark", "dark", 1200], ["phone", "light", 390]]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
    // The dark one shows the charts, the others the verdict.
    await page.evaluate((id) => document.getElementById(id).scrollIntoView(), suffix === "dark" ? "charts" : "main");
    if (suffix !== "dark") await page.evaluate(() => scrollTo(0, 0));
    await page.waitForTimeout(700);
    await page.screenshot({ path: pictures + "/" + name + "-" + suffix + ".png", ...options });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1200, height: 900 });
}

// What the legend of a chart says at its latest points, the newest first.
async function latest(page, chart, points) {
  await page.locator("#chart-" + chart + " .u-wrap").focus();
  const legends = [];
  for (let i = 0; i < points; i++) {
    await page.keyboard.press(i === 0 ? "End" : "ArrowLeft");
    const rows = await page.locator("#chart-" + chart + " .u-series").evaluateAll((all) =>
      all.map((row) => [row.querySelector(".u-label").textContent, row.querySelector(".u-value").textContent]));
    legends.push(Object.fromEntries(rows));
  }
  return legends;
}
const has = (page, selector, words, timeout) => page.locator(selector).filter({ hasText: words }).first().waitFor({ state: "attached", timeout });

try {
  const { page, said, elsewhere } = await open(browser, url);
  await page.waitForSelector("#chart-rate canvas", { timeout: 60000 });
  seen.address = page.url();
  seen.scenario = await page.textContent("#name");
  await has(page, ".gone", /^(1\d|[5-9]) s/, 60000);

  await page.fill("#note", kNote);
  await page.press("#note", "Enter");
  await has(page, "#said", "Noted", 10000);
  await has(page, "#log .what", kNote, 10000);

  const rate = page.locator("#controls input.number").first();
  seen.steered = (await rate.getAttribute("id")).replace("set-", "");
  await rate.fill("3");
  await rate.press("Enter");
  await has(page, "#said", "Asked for 3", 10000);
  await has(page, "#log .what", "3/s", 10000);

  // The pool's plateau, as it forms, and what follows from it.
  await has(page, "#findings h3", /pool/i, 120000);
  seen.headline = await page.textContent("#answer");
  seen.finding = await page.textContent("#findings");
  seen.badge = await page.textContent("#validity");
  await page.locator("#chart-database").scrollIntoViewIfNeeded(); // what nobody sees is not drawn
  const before = await page.getAttribute(".bar", "data-t");
  await page.locator('.bar:not([data-t="' + before + '"])').waitFor({ state: "attached" });
  seen.database = await latest(page, "database", 20);
  seen.charts = await page.locator("figure[data-chart]").evaluateAll((all) => all.map((figure) => figure.dataset.chart));
  seen.endpoints = await page.locator("#endpoints tbody tr").count();
  seen.overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await page.evaluate(() => scrollTo(0, 0));
  await picture(page, "live", { fullPage: false });
  await picture(page, "live-whole", { fullPage: true });

  await page.click("#stop");
  await page.click("#ask-yes");
  await page.waitForURL(/\/runs\/.*\/report\.html/, { timeout: 90000 });
  await page.waitForSelector("#answer");
  await page.locator("html[data-charts]").waitFor({ state: "attached" });
  seen.report = { address: new URL(page.url()).pathname, answer: await page.textContent("#answer"), text: await page.evaluate(() => document.body.innerText), drawn: await page.getAttribute("html", "data-charts") };
  seen.said = said;
  seen.elsewhere = elsewhere;
} catch (error) {
  seen.error = String(error);
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
process.exit(seen.error ? 1 : 0);
