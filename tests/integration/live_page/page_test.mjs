// The live page in headless Chromium, over a server that speaks as Plimsoll does: node --test page_test.mjs, with the
// folder of the bundles in LIVE_PAGE_WEB and the page itself in LIVE_PAGE_HTML.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { axeSource, launch, open } from "./browse.mjs";
import { kToken, Mock } from "./mock.mjs";
import { endpoints, fix } from "./model.mjs";
import { runs, scenarios } from "./past.mjs";

const files = { web: process.env.LIVE_PAGE_WEB, html: process.env.LIVE_PAGE_HTML };
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

// A page over a mock, both ended with the test. `url`: how to change the address.
async function visit(t, { options = {}, browserOptions = {}, url = (mock) => mock.url } = {}) {
  const mock = await new Mock({ ...files, ...options }).listen();
  const opened = await open(browser, url(mock), browserOptions);
  t.after(async () => {
    await opened.context.close();
    await mock.close();
  });
  return { mock, ...opened };
}
const sound = ({ said, elsewhere }) => {
  assert.deepEqual(said, []);
  assert.deepEqual(elsewhere, []);
};
const begun = (page) => page.waitForSelector("figure[data-chart=canaries] canvas");
const textOf = (page, selector) => page.locator(selector).first().textContent();
// By selectors: what Playwright evaluates again and again inside a page, its policy rightly refuses.
const until = (page, selector, words) => page.locator(selector).filter({ hasText: words }).first().waitFor({ state: "attached" });
const requestsShown = async (page) => Number((await textOf(page, "#endpoints tbody td.n")).replaceAll(",", ""));

// Painted pixels of each chart's canvas, scrolled to first: what is out of sight is not painted.
async function painted(page) {
  const found = {};
  for (const figure of await page.locator("figure[data-chart]").all()) {
    await figure.scrollIntoViewIfNeeded();
    await page.waitForTimeout(60);
    found[await figure.getAttribute("data-chart")] = await figure.locator("canvas").evaluate((canvas) => {
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0);
      const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count++;
      return count;
    });
  }
  return found;
}

test("the page fills as the run goes on, and the finding appears", async (t) => {
  const seen = await visit(t);
  const { page, mock } = seen;
  await begun(page);
  assert.equal(new URL(page.url()).hash, "", "the token stays in the address");
  mock.advance(30);
  await until(page, ".gone", "30 s of 3 min");
  assert.match(await textOf(page, "#answer"), /^Nothing broke up to/);
  const empty = await painted(page);
  mock.advance(100);
  await until(page, "#answer", "Application connection pool exhausted".toLowerCase());
  await until(page, "#validity", "VALID so far");
  await until(page, "#findings", fix);
  assert.match(await textOf(page, "#thresholds"), /missed/);
  const full = await painted(page);
  assert.deepEqual(Object.keys(full), ["rate", "latency", "heatmap", "in_flight", "database", "waiting", "cpu", "canaries"]);
  for (const id of Object.keys(full)) assert.ok(full[id] > empty[id] + 200, id + ": " + empty[id] + " then " + full[id]);
  // In each chart the onset stands at its second of the 180 of the axis.
  const broke = mock.broke;
  for (const figure of await page.locator("figure[data-chart]").all()) {
    const at = await figure.evaluate((element) => {
      const over = element.querySelector(".u-over");
      return (element.querySelector(".onset.broke").getBoundingClientRect().left - over.getBoundingClientRect().left) / over.clientWidth;
    });
    assert.ok(Math.abs(at - broke / 180) < 0.005);
  }
  assert.equal(await requestsShown(page), mock.counts[0][0]);
  assert.equal(await page.locator("#errors tbody tr").count(), 1);
  sound(seen);
});

test("whoever opens it late sees what was before", async (t) => {
  const mock = await new Mock(files).listen();
  t.after(() => mock.close());
  mock.advance(150);
  mock.happen("marked", "deployed v2 here");
  mock.advance(1);
  const seen = await open(browser, mock.url);
  t.after(() => seen.context.close());
  await until(seen.page, "#log", "deployed v2 here");
  await until(seen.page, "#answer", "Broke at 250");
  const counts = await painted(seen.page);
  assert.ok(Object.values(counts).every((count) => count > 1000));
  sound(seen);
});

test("rate, pause, note and stop are asked for, a stop only after a question", async (t) => {
  const seen = await visit(t);
  const { page, mock } = seen;
  await begun(page);
  mock.advance(20);
  await page.fill("#set-load", "120");
  await page.press("#set-load", "Enter");
  await until(page, "#said", "Asked for 120");
  await page.fill("#set-load", "many");
  await page.click("#controls form:has(#set-load) button");
  await until(page, "#said", "must be a number of arrivals per second");
  await page.click("#pause");
  await until(page, "#said", "Paused");
  mock.advance(1);
  await until(page, "#pause", "Resume");
  await until(page, "#state", "paused");
  await page.click("#pause");
  await page.fill("#note", "deployed <b>v2</b> here");
  await page.press("#note", "Enter");
  await until(page, "#said", "Noted");
  mock.advance(1);
  await until(page, "#log .marked + .what", "deployed <b>v2</b> here");
  await page.click("#stop");
  await page.click("#ask-no");
  await page.click("#stop");
  await page.keyboard.press("Escape");
  await page.click("#stop");
  await page.click("#ask-yes");
  await until(page, "#said", "Asked to stop");
  assert.deepEqual(mock.asked, [{ executor: "load", rate: 120 }, { executor: "load", rate: "many" }, { paused: true }, { paused: false }, { note: "deployed <b>v2</b> here" }, { stopped: true }]);
  // The refused rate is the browser's own message, and the only one.
  assert.equal(seen.said.length, 1);
  assert.match(seen.said[0], /400/);
  assert.deepEqual(seen.elsewhere, []);
});

test("where nothing may be changed, nothing is offered", async (t) => {
  const seen = await visit(t, { options: { readonly: true } });
  await begun(seen.page);
  seen.mock.advance(5);
  await until(seen.page, ".gone", "5 s");
  assert.equal(await seen.page.locator("#controls").isVisible(), false);
  assert.equal(await seen.page.locator("#controls button, #controls input").count(), 0);
  assert.deepEqual(seen.mock.requests.filter((request) => request.startsWith("POST")), []);
  sound(seen);
});

test("after a break it goes on where it was, and says meanwhile what it has", async (t) => {
  const { page, mock, elsewhere } = await visit(t);
  await begun(page);
  mock.advance(40);
  await until(page, ".gone", "40 s");
  const before = await requestsShown(page);
  mock.refuse = true;
  mock.drop();
  await until(page, "#link", "reconnecting; what came until ");
  assert.match(await textOf(page, "#link time"), /^\d\d:\d\d:\d\d$/);
  assert.match(await page.getAttribute("#link time", "title"), / UTC$/);
  assert.equal(await requestsShown(page), before);
  mock.advance(10);
  const last = mock.lasts[mock.lasts.length - 1];
  assert.equal(last, null, "nothing to go on from at first");
  mock.refuse = false;
  await until(page, "#link", "live");
  await until(page, ".gone", "50 s");
  assert.equal(await requestsShown(page), mock.counts[0][0]);
  assert.match(mock.lasts[mock.lasts.length - 1], /^\d+$/);
  assert.deepEqual(elsewhere, []);
});

test("after a break longer than what the server has kept, it begins anew", async (t) => {
  const { page, mock } = await visit(t, { options: { history: 5 } });
  await begun(page);
  mock.advance(20);
  await until(page, ".gone", "20 s");
  mock.refuse = true;
  mock.drop();
  await until(page, "#link", "reconnecting");
  mock.advance(60);
  mock.refuse = false;
  await until(page, ".gone", "1 min 20 s");
  assert.equal(await requestsShown(page), mock.counts[0][0]);
  assert.equal(await page.locator("figure[data-chart]").count(), 8);
});

test("two hours leave the page as small and as quick as one", async (t) => {
  const seen = await visit(t, { options: { planned_s: 7200, thins: Infinity } });
  const { page, mock } = seen;
  await begun(page);
  const devtools = await page.context().newCDPSession(page);
  // Seconds of the page's own thread, not of the clock: a busy machine is not the page's fault.
  await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
  const measured = async () => {
    await devtools.send("HeapProfiler.collectGarbage");
    const { metrics } = await devtools.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  const play = async (seconds, part) => {
    for (let done = 0; done < seconds; done += part) {
      mock.advance(part);
      await page.waitForSelector('.bar[data-t="' + mock.t + '"]', { state: "attached" });
    }
  };
  await play(3600, 300);
  const early = await measured();
  await play(3600, 300);
  const late = await measured();
  // Each second by itself: what one tick costs when the charts are as full as they become.
  await play(20, 1);
  const after = await measured();
  const tick_s = (after.TaskDuration - late.TaskDuration) / 20;
  t.diagnostic("heap " + Math.round(early.JSHeapUsedSize / 1024) + " then " + Math.round(late.JSHeapUsedSize / 1024) + " KiB, nodes " + early.Nodes + " then " + late.Nodes +
    ", " + (1000 * tick_s).toFixed(1) + " ms a tick");
  // The charts are full after 40 minutes; the rest is noise of the garbage collection.
  assert.ok(late.JSHeapUsedSize < 24 * 1024 * 1024);
  assert.ok(late.JSHeapUsedSize < early.JSHeapUsedSize * 1.15 + 512 * 1024);
  assert.ok(late.Nodes < early.Nodes + 200);
  // Responsive: a second's work is a small part of that second.
  assert.ok(tick_s < 0.25);
  // The last value is that of the model, by pointing at the end of a chart.
  const value = "#chart-rate .u-series:nth-child(3) .u-value";
  await page.locator("#chart-rate .u-wrap").focus();
  for (let tries = 0; tries < 100; tries++) {
    await page.keyboard.press("End"); // of what is drawn: what came last follows in a later frame
    if ((await textOf(page, value)) === mock.now.offered + "/s") break;
    await page.waitForTimeout(100);
  }
  assert.equal(await textOf(page, value), mock.now.offered + "/s");
  sound(seen);
});

test("the end leads to the report", async (t) => {
  const seen = await visit(t);
  await begun(seen.page);
  seen.mock.advance(120);
  seen.mock.end("/runs/20260101T120000Z-ab12-checkout/report.html");
  await seen.page.waitForURL(/\/runs\/20260101T120000Z-ab12-checkout\/report\.html\?view=/);
  assert.equal(await textOf(seen.page, "h1"), "/runs/20260101T120000Z-ab12-checkout/report.html");
});

test("without a report the page stays, and says why", async (t) => {
  const seen = await visit(t);
  await begun(seen.page);
  seen.mock.advance(10);
  seen.mock.judge(true);
  seen.mock.send("over", { t: 10, folder: "x", report: null, exit_code: 105, error: "no space left on device" });
  await until(seen.page, "#over", "interrupted");
  await until(seen.page, "#over", "no space left on device");
  sound(seen);
});

test("without a token, or with a wrong one, nothing is shown; the address pasted opens it", async (t) => {
  const { page, mock } = await visit(t, { url: (at) => at.origin + "/" });
  await page.waitForSelector("#locked:not([hidden])");
  assert.deepEqual(mock.requests.filter((request) => request.includes("/api/")), []);
  await page.fill("#token", "ffffffffffffffffffffffffffffffff");
  await page.click("#token-form button");
  await until(page, "#locked-why", "does not fit");
  assert.equal(await page.locator("#live").isVisible(), false);
  await page.fill("#token", mock.url);
  await page.click("#token-form button");
  await begun(page);
  assert.equal(await page.evaluate(() => sessionStorage.getItem("plimsoll-token")), kToken);
  // A wrong one in the address of the open page asks anew, the right one opens it again.
  await page.goto(mock.origin + "/#token=eeee");
  await until(page, "#locked-why", "does not fit");
  await page.goto(mock.url);
  await begun(page);
});

test("times are of the viewer's zone, UTC on hover", async (t) => {
  const { page, mock } = await visit(t);
  await begun(page);
  // Kathmandu is 5 h 45 min ahead of UTC; the run began at 12:00:00 UTC.
  const started = page.locator("#facts time");
  assert.match(await started.textContent(), /17:45:00$/);
  assert.equal(await started.getAttribute("title"), "2026-01-01 12:00:00 UTC");
  mock.advance(60);
  mock.happen("marked", "a note");
  mock.advance(1);
  await until(page, "#log", "a note");
  assert.equal(await textOf(page, "#log time"), "17:46:00");
  assert.equal(await page.getAttribute("#log time", "title"), "2026-01-01 12:01:00 UTC");
});

test("all of it can be done by keys", async (t) => {
  const seen = await visit(t);
  const { page, mock } = seen;
  await begun(page);
  mock.advance(100);
  await until(page, ".gone", "1 min 40 s");
  await page.locator("#chart-rate .u-wrap").focus();
  await page.keyboard.press("Home");
  // Those in sight; the others are painted when they come into it.
  const times = async () => (await page.locator("figure[data-chart] .u-series:first-child .u-value").allTextContents()).slice(0, 2);
  for (const time of await times()) assert.match(time, /^at 0:0[01] · 17:45:00$/);
  await page.keyboard.press("PageDown");
  for (const time of await times()) assert.match(time, /^at 0:1[01] · 17:45:10$/);
  await until(page, "#spoken", "requests succeeded");
  await page.keyboard.press("+");
  assert.equal(await page.locator("#reset").isVisible(), true);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#reset").isVisible(), false);
  const label = page.locator("#chart-rate .u-label[role=button]").first();
  await label.focus();
  await page.keyboard.press("Enter");
  assert.equal(await label.getAttribute("aria-pressed"), "false");
  // Hidden it stays while the run goes on.
  mock.advance(2);
  await until(page, ".gone", "1 min 42 s");
  assert.equal(await label.getAttribute("aria-pressed"), "false");
  await page.locator("#endpoints button.sort").nth(1).focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#endpoints th[aria-sort=descending]").count(), 1);
  sound(seen);
});

test("a chart that is drawn anew keeps the keyboard, and the point it was at", async (t) => {
  const seen = await visit(t);
  const { page, mock } = seen;
  await begun(page);
  mock.advance(60);
  await until(page, ".gone", "1 min of 3 min");
  const wrap = page.locator("#chart-rate .u-wrap");
  const at = "#chart-rate .u-series:nth-child(1) .u-value";
  await wrap.focus();
  await page.keyboard.press("Home");
  for (let i = 0; i < 3; i++) await page.keyboard.press("PageDown");
  const before = await textOf(page, at);
  assert.notEqual(before, "");
  await wrap.evaluate((element) => element.classList.add("old"));
  await page.setViewportSize({ width: 1000, height: 900 });
  await page.locator("#chart-rate .u-wrap:not(.old)").waitFor({ state: "attached" });
  await until(page, at, before);
  assert.ok(await wrap.evaluate((element) => element === document.activeElement));
  await page.keyboard.press("ArrowRight");
  assert.notEqual(await textOf(page, at), before);
  sound(seen);
});

test("endpoints sort by each column, and stay sorted while they change", async (t) => {
  const { page, mock } = await visit(t);
  await begun(page);
  mock.advance(20);
  await until(page, ".gone", "20 s");
  const names = () => page.locator("#endpoints tbody th").allTextContents();
  const asTheyCame = endpoints.map(({ method, name }) => method + " " + name);
  assert.deepEqual(await names(), asTheyCame);
  const head = (name) => page.locator("#endpoints button.sort", { hasText: name }).first();
  await head("Requests").click();
  assert.deepEqual(await names(), asTheyCame, "most requests first");
  await head("Requests").click();
  assert.deepEqual(await names(), asTheyCame.slice().reverse());
  mock.advance(5);
  await until(page, ".gone", "25 s");
  assert.deepEqual(await names(), asTheyCame.slice().reverse());
  await head("Requests").click();
  assert.deepEqual(await names(), asTheyCame);
  const spark = await page.locator("#endpoints svg.spark path").first().getAttribute("d");
  assert.equal(spark.split(/[ML]/).length - 1, 25, "a point for each second so far");
});

test("text from outside stays text", async (t) => {
  const hostile = '"><img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
  const seen = await visit(t);
  const { page, mock } = seen;
  await begun(page);
  mock.advance(5);
  mock.happen("marked", hostile);
  mock.errors = [{ endpoint: 0, method: hostile, name: hostile, outcome: hostile, status: 0, text: hostile, count: 1, first_s: 1, last_s: 2 }];
  mock.send("tick", { state: mock.state(), errors: mock.errors });
  mock.advance(1);
  await until(page, "#log", "onerror");
  await until(page, "#errors", "onerror");
  assert.equal(await page.locator("img, main script").count(), 0);
  assert.notEqual(await page.title(), "owned");
  sound(seen);
});

test("probes alone have charts and a log, and no load", async (t) => {
  const seen = await visit(t, { options: { mode: "probe", planned_s: null } });
  await begun(seen.page);
  seen.mock.advance(45);
  await until(seen.page, ".gone", "45 s so far");
  assert.equal(await seen.page.locator("#controls").isVisible(), false);
  assert.equal(await seen.page.locator("#so-far .tiles").isVisible(), false);
  sound(seen);
});

test("the start page lists runs, opens and compares them", async (t) => {
  const seen = await visit(t, { options: { mode: "start", runs, scenarios } });
  const { page } = seen;
  await page.waitForSelector(".past tbody tr:nth-child(4)");
  assert.deepEqual(await page.locator(".past tbody td:nth-child(7)").allTextContents(), ["Application connection pool exhausted", "", "Database refuses connections", "run.db is not a database"]);
  assert.match(await page.getAttribute(".past a", "href"), /^\/runs\/20260102T090000Z-cd34-checkout\/report\.html\?view=/);
  assert.match(await textOf(page, ".past tbody time"), /14:45:00$/);
  await page.locator(".past button.sort", { hasText: "Requests" }).click();
  assert.match(await textOf(page, ".past tbody time"), /17:45:00$/);
  // The earlier is the base, in whichever order they are ticked; of three the last two count.
  for (const row of [2, 1, 3]) await page.locator(".past tbody tr:nth-child(" + row + ") input").check();
  const address = new URL(await page.getAttribute("#compare-link", "href"), seen.mock.origin);
  assert.equal(address.searchParams.get("base"), "20251231T080000Z-ef56-search");
  assert.equal(address.searchParams.get("run"), "20260101T120000Z-ab12-checkout");
  const [opened] = await Promise.all([page.context().waitForEvent("page"), page.click("#compare-link")]);
  await opened.waitForLoadState();
  assert.equal(await textOf(opened, "h1"), "/compare");
  sound(seen);
});

test("the start page shows faults at their lines, and starts what has none", async (t) => {
  const seen = await visit(t, { options: { mode: "start", runs, scenarios } });
  const { page, mock } = seen;
  await page.click(".scenario-list button:has-text('broken.yaml')");
  await page.waitForSelector(".source .at-fault");
  assert.deepEqual(await page.locator(".source .at-fault").evaluateAll((lines) => lines.map((line) => line.id)), ["line-5", "line-8"]);
  assert.deepEqual(await page.locator(".source li").evaluateAll((lines) => lines.map((line) => line.dataset.line)), ["⋮", "5", "⋮", "8", "⋮"]);
  assert.match(await page.locator(".faults li").nth(2).textContent(), /^accounts\.csv, line 3: data\.accounts: has 2 columns/);
  assert.match(await textOf(page, "#line-8 .fault"), /must be above 0, got -5\/s\nhint: write it as/);
  assert.equal(await page.locator("#start-it").isDisabled(), true);
  await page.click(".scenario-list button:has-text('checkout.yaml')");
  await page.waitForSelector("#start-it:not([disabled])");
  await page.click("#start-it");
  await until(page, "#ask-text", "http://127.0.0.1:8080 for 3m");
  await page.click("#ask-yes");
  await begun(page);
  mock.advance(12);
  await until(page, ".gone", "12 s");
  await page.click("#to-start");
  await page.waitForSelector(".past tbody tr");
  await page.click("#to-live");
  mock.end("/runs/20260101T120000Z-ab12-checkout/report.html");
  await until(page, "#over", "passed");
  assert.match(await page.getAttribute("#over a", "href"), /report\.html\?view=/);
  // A break does not take it away.
  mock.running = false;
  mock.drop();
  await until(page, "#link", "reconnecting");
  await until(page, "#link", "connected");
  assert.equal(await page.locator("#over").isVisible(), true);
  await page.click("#over button");
  await page.waitForSelector(".past tbody tr");
  // The browser's own word for the break, and the only one.
  assert.deepEqual(seen.said.filter((words) => !words.includes("ERR_INCOMPLETE_CHUNKED_ENCODING")), []);
  assert.deepEqual(seen.elsewhere, []);
});

test("a run that does not come up says why", async (t) => {
  const seen = await visit(t, { options: { mode: "start", runs: [], scenarios } });
  await until(seen.page, "#past", "No run is in results yet");
  for (const viewer of seen.mock.viewers) seen.mock.plain(viewer, "failed", { error: { what: "nothing listens at 127.0.0.1:8080", where: "target", hint: "" } });
  await until(seen.page, "#start-note", "target: nothing listens at 127.0.0.1:8080");
  sound(seen);
});

const axe = readFileSync(axeSource, "utf8");
async function assertAccessible(page, what) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const bad = found.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(bad.map(({ id, nodes }) => id + ": " + nodes[0].html.slice(0, 160) + " " + nodes[0].failureSummary), [], what);
  assert.ok(found.violations.length < 4, what + ": " + found.violations.map(({ id, impact }) => id + " (" + impact + ")").join(", "));
}
const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

for (const [scheme, width] of [["light", 1200], ["dark", 1200], ["light", 390], ["dark", 390]]) {
  const browserOptions = { colorScheme: scheme, viewport: { width, height: 844 } };
  test("accessible and as wide as the screen: " + scheme + ", " + width + " px", async (t) => {
    const seen = await visit(t, { browserOptions });
    const { page, mock } = seen;
    await begun(page);
    await assertAccessible(page, "before the first second");
    mock.advance(118);
    mock.happen("marked", "deployed v2 here, with a name that is as long as names of branches are: feature/a-very-long-name_that_does_not_end");
    mock.advance(2);
    await until(page, "#findings", fix);
    await painted(page);
    await assertAccessible(page, "a run that broke");
    assert.ok((await fits(page)) <= 0);
    await page.click("#stop");
    await assertAccessible(page, "the question");
    sound(seen);
  });
  test("the start page is, too: " + scheme + ", " + width + " px", async (t) => {
    const seen = await visit(t, { options: { mode: "start", runs, scenarios }, browserOptions });
    const { page } = seen;
    await page.click(".scenario-list button:has-text('broken.yaml')");
    await page.waitForSelector(".source .at-fault");
    for (const box of (await page.locator(".past input").all()).slice(0, 2)) await box.check();
    await assertAccessible(page, "start");
    assert.ok((await fits(page)) <= 0);
    sound(seen);
  });
}
test("the locked page is accessible", async (t) => {
  const { page } = await visit(t, { url: (mock) => mock.origin + "/" });
  await page.waitForSelector("#locked:not([hidden])");
  await assertAccessible(page, "locked");
});
