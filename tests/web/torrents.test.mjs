// A hundred thousand torrents are as quick as ten.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { after, before, test } from "node:test";
import { close, launch, open } from "./support/browser.mjs";
import { assertQuick } from "./support/patience.mjs";
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

/** Resolves to how many milliseconds it takes until the tally says `words`. */
async function timeUntil(page, words, act) {
  const started = Date.now();
  await act();
  await page.locator(".tally", { hasText: words }).waitFor();
  return Date.now() - started;
}

test("a search among 100,000 torrents takes less than a second", async () => {
  const page = await open(browser, skepd, "#/torrents");
  await page.getByText("100,000 torrents").waitFor();
  let words;
  await assertQuick(QUICK_MS, async (number) => {
    words = `volume 05432${number}`;
    await page.getByRole("searchbox").fill("");
    await page.getByText("100,000 torrents").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    return timeUntil(page, /^1 torrent$/, () => page.keyboard.type(words));
  });
  assert.ok((await rows(page).first().textContent()).includes(`archive, ${words}`));
  assert.ok(page.url().includes(`search=${words.replace(" ", "+")}`), page.url());
  await page.reload();
  await page.locator(".tally", { hasText: /^1 torrent$/ }).waitFor();
  assert.equal(await page.getByRole("searchbox").inputValue(), words);
  await close(page);
});

test("it finds torrents by the beginning of the info_hash", async () => {
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

test("sorting, choosing and paging are the tracker's work, and quick", async () => {
  const page = await open(browser, skepd, "#/torrents?sort=name&order=asc");
  await page.getByText("100,000 torrents").waitFor();
  await page.getByText("1–50 of 100,000").waitFor();
  assert.equal(await rows(page).count(), 50);
  const first = await rows(page).first().textContent();
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("51–100 of 100,000").waitFor();
  assert.notEqual(await rows(page).first().textContent(), first);

  await page.getByRole("button", { name: "Size" }).click();
  await rows(page).first().getByText("volume 099999").waitFor();
  await page.getByText("1–50 of 100,000").waitFor();
  await assertQuick(QUICK_MS, async (number) => {
    const started = Date.now();
    await page.getByRole("button", { name: "Size" }).click();
    await rows(page).first().getByText(number % 2 ? "volume 099999" : "volume 000000").waitFor();
    return Date.now() - started;
  });
  await assertQuick(QUICK_MS, async () => {
    await page.getByRole("button", { name: "All" }).click();
    await page.getByText("100,000 torrents").waitFor();
    return timeUntil(page, "5,000 torrents", () => page.getByRole("button", { name: "Active" }).click());
  });
  await close(page);
});
