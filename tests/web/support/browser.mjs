// Debian's Chromium. Its pages record errors: console messages, failed requests, policy violations.

import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { ROOT } from "./skepd.mjs";

const require = createRequire(path.join(ROOT, "build/node/node_modules/"));
const { chromium } = require("playwright-core");
const AXE = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const OUTPUT = path.join(ROOT, "tests/web/output");

const TIMEOUT_MS = 20000; // long enough for a busy machine
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

const windows = new WeakMap(); // browser -> contexts and their idle pages, by options

export function launch(...more) {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: [...ARGUMENTS, ...more] });
}

/** An empty page. Closed pages are reused, which takes half the time of a new page. */
async function pageFor(browser, options) {
  const known = windows.get(browser) ?? new Map();
  const wanted = JSON.stringify(options);
  windows.set(browser, known);
  if (!known.has(wanted)) known.set(wanted, { context: browser.newContext(options), idle: [] });
  const { context, idle } = known.get(wanted);
  const page = idle.pop() ?? (await makePage(await context));
  page.release = () => idle.push(page);
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

/** Opens a page of the tracker. `page.faults` collects console errors (among them failed requests and
 * violations of the Content Security Policy) and requests to other hosts. `clock`: the test controls
 * the page's time. */
export async function open(
  browser,
  skepd,
  route = "#/",
  { url = skepd.url, clock = false, ...options } = {},
) {
  const page = await pageFor(browser, {
    ...DESKTOP,
    colorScheme: "light",
    reducedMotion: "reduce", // animations slow tests down
    permissions: ["clipboard-read", "clipboard-write"],
    ...options,
  });
  page.setDefaultTimeout(TIMEOUT_MS);
  page.faults = [];
  page.on(
    "console",
    (message) =>
      ["error", "warning"].includes(message.type()) && page.faults.push(`console: ${message.text()}`),
  );
  page.on("pageerror", (error) => page.faults.push(`page: ${error.stack}`));
  page.on(
    "request",
    (request) => isForeign(request.url(), url) && page.faults.push(`request to ${request.url()}`),
  );
  if (clock) await page.clock.install(); // applies to the whole context, so these options must not be shared
  await page.goto(`${url}/${route}`);
  return page;
}

function isForeign(requested, url) {
  return (
    !requested.startsWith("data:") &&
    !requested.startsWith("blob:") &&
    new URL(requested).host !== new URL(url).host
  );
}

/** Closes the page. Fails if it had faults other than the expected ones. */
export async function close(page, expected = /^$/) {
  const { faults } = page;
  page.removeAllListeners();
  await page.evaluate(() => (localStorage.clear(), sessionStorage.clear()));
  await page.goto("about:blank");
  page.release();
  assert.deepEqual(
    faults.filter((fault) => !expected.test(fault)),
    [],
  );
}

/** Findings of axe-core, of any impact, as one line each. `rules`: check only these (optional). */
export async function axeFindings(page, rules = null) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(AXE);
  const runOnly = rules ? { runOnly: rules } : {};
  const { violations } = await page.evaluate(
    (options) => globalThis.axe.run(document, { resultTypes: ["violations"], ...options }),
    runOnly,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")}: ${node.failureSummary}`),
  );
}

export async function screenshot(page, name, fullPage = true) {
  fs.mkdirSync(OUTPUT, { recursive: true });
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: path.join(OUTPUT, `${name}.png`), fullPage });
}

/** Drops files on the page: [[name, Buffer], …]. */
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
