// Makes what the program embeds: node bundle.mjs FOLDER writes report.js, ui.js and ui.css there. Both scripts are
// built from the one set of modules in charts/.
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2];
if (!folder) {
  console.error("usage: node bundle.mjs FOLDER");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
const licence = "/*\nHas uPlot in it, under this licence:\n\n" + readFileSync(join(here, "node_modules/uplot/LICENSE"), "utf8").trim() + "\n*/";
const common = { absWorkingDir: here, bundle: true, minify: true, charset: "utf8", target: "es2020", legalComments: "none", logLevel: "warning" };
await build({ ...common, entryPoints: ["report.js"], outfile: join(folder, "report.js"), format: "iife" });
await build({ ...common, entryPoints: ["ui/ui.js"], outfile: join(folder, "ui.js"), format: "iife", banner: { js: licence } });
await build({ ...common, entryPoints: ["ui/ui.css"], outfile: join(folder, "ui.css"), banner: { css: licence } });
