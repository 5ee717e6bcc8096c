// Debian's chromium, and pages in it that take note of everything that should not happen.

import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { ROOT } from "./skepd.mjs";

const require = createRequire(path.join(ROOT, "build/node/node_modules/"));
const { chromium } = require("playwright-core");
const AXE = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const OUTPUT = path.join(ROOT, "tests/web/output");

const PATIENCE_MS = 20000; // for a machine that does other things as well
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--no-first-run",
];
export const DESKTOP = { viewport: { width: 1280, height: 860 } };
export const PHONE = {
  viewport: { width: 375, height: 780 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
};

const windows = new WeakMap(); // a browser's contexts and the idle pages in them, by their options

export function launch(...more) {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: [...ARGUMENTS, ...more] });
}

/** An empty page. One that was closed costs half of a new one, so that it is taken again. */
async function pageFor(browser, options) {
  const known = windows.get(browser) ?? new Map();
  const wanted = JSON.stringify(options);
  windows.set(browser, known);
  if (!known.has(wanted)) known.set(wanted, { context: browser.newContext(options), idle: [] });
  const { context, idle } = known.get(wanted);
  const page = idle.pop() ?? (await makePage(await context));
  page.giveBack = () => idle.push(page);
  return page;
}

async function makePage(context) {
  const page = await context.newPage();
  await page.addInitScript(() =>
    addEventListener("securitypolicyviolation", (event) =>
      console.error("CSP", event.violatedDirective, event.blockedURI),
    ),
  );
  return page;
}

/** A page on the tracker, with `page.faults`: console errors, refusals by the Content Security Policy,
 * requests to other hosts, answers that are errors. With `clock`, its time can be moved on by hand. */
export async function open(browser, skepd, route = "#/", { url = skepd.url, clock = false, ...options } = {}) {
  const page = await pageFor(browser, {
    ...DESKTOP,
    colorScheme: "light",
    reducedMotion: "reduce", // what moves takes a test's time
    permissions: ["clipboard-read", "clipboard-write"],
    ...options,
  });
  page.setDefaultTimeout(PATIENCE_MS);
  page.faults = [];
  page.on(
    "console",
    (message) =>
      ["error", "warning"].includes(message.type()) &&
      page.faults.push(`console: ${message.text()}`),
  );
  page.on("pageerror", (error) => page.faults.push(`page: ${error.stack}`));
  page.on(
    "request",
    (request) => isForeign(request.url(), url) && page.faults.push(`request to ${request.url()}`),
  );
  if (clock) await page.clock.install(); // alone in its tests, since all of the context has this time
  await page.goto(`${url}/${route}`);
  return page;
}

function isForeign(asked, url) {
  return (
    !asked.startsWith("data:") && !asked.startsWith("blob:") && new URL(asked).host !== new URL(url).host
  );
}

/** Closes the page, which must have had no fault but those that are expected. */
export async function close(page, expected = /^$/) {
  const { faults } = page;
  page.removeAllListeners();
  await page.evaluate(() => (localStorage.clear(), sessionStorage.clear()));
  await page.goto("about:blank");
  page.giveBack();
  assert.deepEqual(
    faults.filter((fault) => !expected.test(fault)),
    [],
  );
}

/** What axe-core finds that is serious or critical, as one line each; by all of its rules, or some. */
export async function seriousFindings(page, rules = null) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(AXE);
  const runOnly = rules ? { runOnly: rules } : {};
  const { violations } = await page.evaluate(
    (options) => globalThis.axe.run(document, { resultTypes: ["violations"], ...options }),
    runOnly,
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary}`),
    );
}

export async function screenshot(page, name, fullPage = true) {
  fs.mkdirSync(OUTPUT, { recursive: true });
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: path.join(OUTPUT, `${name}.png`), fullPage });
}

/** Drops files onto the page; [[name, Buffer], …]. */
export async function dropFiles(page, files) {
  const transfer = await page.evaluateHandle(
    (list) => {
      const data = new DataTransfer();
      for (const [name, bytes] of list)
        data.items.add(new File([new Uint8Array(bytes)], name, { type: "application/x-bittorrent" }));
      return data;
    },
    files.map(([name, bytes]) => [name, [...bytes]]),
  );
  for (const event of ["dragenter", "dragover", "drop"])
    await page.dispatchEvent("main", event, { dataTransfer: transfer });
}
