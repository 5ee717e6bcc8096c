// Lists stay fast with 100,000 torrents.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { after, before, test } from "node:test";
import { close, launch, open } from "./support/browser.mjs";
import { assertQuick } from "./support/timing.mjs";
import { ROOT, Skepd } from "./support/skepd.mjs";

const QUICK_MS = 1000;
let browser, skepd;

function makeDatabase(file) {
  execFileSync("python3", [path.join(ROOT, "tests/web/many_torrents.py"), file], { stdio: "inherit" });
}

before(
  async () => ([browser, skepd] = await Promise.all([launch(), Skepd.start({ database: makeDatabase })])),
);
after(() => Promise.all([browser?.close(), skepd?.end()]));

const rows = (page) => page.locator(".table tbody");

/** Resolves to the milliseconds from `act()` until the tally shows `text`. */
async function timeUntil(page, text, act) {
  const started = Date.now();
  await act();
  await page.locator(".tally", { hasText: text }).waitFor();
  return Date.now() - started;
}

test("a search among 100,000 torrents takes less than a second", async () => {
  const page = await open(browser, skepd, "#/torrents");
  await page.getByText("100,000 torrents", { exact: true }).waitFor();
  let name;
  await assertQuick(QUICK_MS, async (number) => {
    name = `volume 05432${number}`;
    await page.getByRole("searchbox").fill("");
    await page.getByText("100,000 torrents", { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    return timeUntil(page, /^1 torrent$/, () => page.keyboard.type(name));
  });
  assert.ok((await rows(page).first().textContent()).includes(`archive, ${name}`));
  assert.ok(page.url().includes(`search=${name.replace(" ", "+")}`), page.url());
  await page.reload();
  await page.locator(".tally", { hasText: /^1 torrent$/ }).waitFor();
  assert.equal(await page.getByRole("searchbox").inputValue(), name);
  await close(page);
});

test("a search finds torrents by the start of the info_hash", async () => {
  const page = await open(browser, skepd, "#/torrents");
  const link = rows(page).first().locator("a.row-link");
  await link.waitFor();
  const hash = (await link.getAttribute("href")).split("/").at(-1);
  const name = await link.textContent();
  await page.getByRole("searchbox").fill(hash.slice(0, 16));
  await page.locator(".tally", { hasText: /^1 torrent$/ }).waitFor();
  assert.equal(await link.textContent(), name);
  await close(page);
});

test("sorting, filtering and paging are fast", async () => {
  const page = await open(browser, skepd, "#/torrents?sort=name&order=asc");
  await page.getByText("100,000 torrents", { exact: true }).waitFor();
  await page.getByText("1–50 of 100,000").last().waitFor();
  assert.equal(await rows(page).count(), 50);
  const first = await rows(page).first().textContent();
  await page.getByRole("button", { name: "Next" }).last().click();
  await page.getByText("51–100 of 100,000").last().waitFor();
  assert.notEqual(await rows(page).first().textContent(), first);

  await page.getByRole("button", { name: "Size" }).click();
  await rows(page).first().getByText("volume 099999").waitFor();
  await page.getByText("1–50 of 100,000").last().waitFor();
  await assertQuick(QUICK_MS, async (number) => {
    const started = Date.now();
    await page.getByRole("button", { name: "Size" }).click();
    await rows(page)
      .first()
      .getByText(number % 2 ? "volume 099999" : "volume 000000")
      .waitFor();
    return Date.now() - started;
  });
  await assertQuick(QUICK_MS, async () => {
    await page.getByRole("button", { name: "All", exact: true }).click();
    await page.getByText("100,000 torrents", { exact: true }).waitFor();
    return timeUntil(page, "5,000 torrents", () => page.getByRole("button", { name: "With peers" }).click());
  });
  await close(page);
});
