// Headless Chromium for the tests of the live page: a page that remembers what it said and fetched.
import { createRequire } from "node:module";

const fromReport = createRequire(new URL("../report/package.json", import.meta.url));
const { chromium } = fromReport("playwright-core");
export const axeSource = fromReport.resolve("axe-core/axe.min.js");

export const launch = () =>
  chromium.launch({ executablePath: "/usr/bin/chromium", headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });

// `said`: console messages and exceptions; `elsewhere`: requests to any other origin.
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, timezoneId: "Asia/Kathmandu", bypassCSP: false, ...options });
  const page = await context.newPage();
  const said = [];
  const elsewhere = [];
  page.on("console", (message) => said.push(message.type() + ": " + message.text()));
  page.on("pageerror", (error) => said.push("exception: " + (error.stack || error.message)));
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(url).origin) && !request.url().startsWith("data:")) elsewhere.push(request.url());
  });
  await page.goto(url);
  return { page, context, said, elsewhere };
}
