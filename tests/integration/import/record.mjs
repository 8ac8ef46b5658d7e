// Has headless Chromium use a service, and exports what it did as HAR.
//   node record.mjs ORIGIN FILE.har PROFILE NAME PASSWORD
import { createRequire } from "node:module";
import { rmSync } from "node:fs";

// The library stands beside the test that looks at reports.
const { chromium } = createRequire(new URL("../report/look.mjs", import.meta.url))("playwright-core");
const [origin, file, profile, name, password] = process.argv.slice(2);

const browser = await chromium.launchPersistentContext(profile, {
  executablePath: "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
  recordHar: { path: file, content: "embed" },
});
try {
  const page = await browser.newPage();
  await page.goto(origin + "/health");
  await page.evaluate(async ([name, password]) => {
    const wait = (ms) => new Promise((done) => setTimeout(done, ms));
    const send = async (method, path, body, headers = {}) => {
      const answer = await fetch(path, {
        method, body: body && JSON.stringify(body),
        headers: { ...(body && { "Content-Type": "application/json" }), ...headers },
      });
      return answer.status === 204 ? null : answer.json();
    };
    await wait(1200);
    const { token } = await send("POST", "/v1/login", { name, password });
    const bearer = { Authorization: "Bearer " + token };
    await send("GET", "/v1/me", undefined, bearer);
    await send("GET", "/v1/deployments?status=running&api_key=query-secret-4711", undefined, bearer);
    await wait(600);
    const { id } = await send("POST", "/v1/deployments", { name: "from ${the} browser", owner: name }, bearer);
    await send("GET", "/v1/deployments/" + id, undefined, bearer);
    await send("PUT", "/v1/deployments/" + id, { name: "renamed", owner: name }, bearer);
    await send("DELETE", "/v1/deployments/" + id, undefined, bearer);
    await fetch("/logo.png").catch(() => {});
  }, [name, password]);
} finally {
  await browser.close();  // writes the file
  rmSync(profile, { recursive: true, force: true });
}
