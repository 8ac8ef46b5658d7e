// Takes a picture of the page over the mock: node look.mjs WEB UI.HTML FILE.png [width=1200] [scheme=light] [mode=run] [seconds=120] [full=1] [height=900]
import { launch, open } from "./browse.mjs";
import { Mock } from "./mock.mjs";
import { runs, scenarios } from "./past.mjs";

const [web, html, file, ...rest] = process.argv.slice(2);
const options = Object.fromEntries(rest.map((option) => option.split("=")));
const mock = await new Mock({ web, html, mode: options.mode || "run", runs, scenarios, readonly: options.readonly === "1" }).listen();
const browser = await launch();
try {
  const { page, said } = await open(browser, mock.url, {
    viewport: { width: Number(options.width || 1200), height: Number(options.height || 900) }, colorScheme: options.scheme || "light", deviceScaleFactor: Number(options.scale || 1),
  });
  if (mock.mode === "start") {
    await page.click("text=" + (options.scenario || "broken.yaml"));
    await page.waitForSelector("#chosen .source");
    for (const box of (await page.locator(".past input").all()).slice(0, 2)) await box.check();
  } else {
    await page.waitForSelector("figure[data-chart=canaries]");
    const seconds = Number(options.seconds || 120);
    mock.advance(seconds - 20);
    mock.happen("marked", "deployed v2 here");
    mock.advance(20);
    await page.waitForSelector('.bar[data-t="' + seconds + '"]', { state: "attached" });
    if (options.point) await page.hover("figure[data-chart=" + options.point + "] .u-over");
  }
  if (options.at) await page.evaluate((id) => document.getElementById(id).scrollIntoView(), options.at);
  await page.waitForTimeout(400);
  await page.screenshot({ path: file, fullPage: options.full !== "0" });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  console.log(JSON.stringify({ said, overflow }));
} finally {
  await browser.close();
  await mock.close();
}
