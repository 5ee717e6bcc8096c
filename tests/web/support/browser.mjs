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

export function launch(...more) {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: [...ARGUMENTS, ...more] });
}

/** A page on the tracker, with `page.faults`: console errors, refusals by the Content Security Policy,
 * requests to other hosts, answers that are errors. */
export async function open(browser, skepd, route = "#/", { url = skepd.url, ...options } = {}) {
  const context = await browser.newContext({
    ...DESKTOP,
    colorScheme: "light",
    reducedMotion: "reduce", // what moves takes a test's time
    permissions: ["clipboard-read", "clipboard-write"],
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(8000);
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
  await page.addInitScript(() =>
    addEventListener("securitypolicyviolation", (event) =>
      console.error("CSP", event.violatedDirective, event.blockedURI),
    ),
  );
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
  await page.context().close();
  assert.deepEqual(
    page.faults.filter((fault) => !expected.test(fault)),
    [],
  );
}

/** What axe-core finds that is serious or critical, as one line each. */
export async function seriousFindings(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ["violations"] }),
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
