// The page follows the tracker by itself, and says calmly when it cannot.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { close, launch, open } from "./support/browser.mjs";
import { assertQuick } from "./support/patience.mjs";
import { Peer } from "./support/peer.mjs";
import { Skepd } from "./support/skepd.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** A test with a tracker of its own: `body(skepd)`. */
function testWithTracker(name, body) {
  test(name, async () => {
    const skepd = await Skepd.start();
    try {
      await body(skepd);
    } finally {
      await skepd.end();
    }
  });
}

const figure = (page, name) => page.locator(`[data-stat=${name}] .stat-number`);

// They wait more than they work.
describe("the live page", { concurrency: 2 }, () => {
  testWithTracker("a new tracker explains how to share a file", async (skepd) => {
    const page = await open(browser, skepd);
    await page.getByRole("heading", { name: "Share a file in three steps" }).waitFor();
    assert.equal(await page.locator(".step").count(), 3);
    await close(page);
  });

  testWithTracker("an announce is on the page within two seconds, without a reload", async (skepd) => {
    const page = await open(browser, skepd);
    await page.locator("#connection[data-state=live]").waitFor();
    const seeders = (number) => figure(page, "seeders").filter({ hasText: new RegExp(`^${number}$`) });
    await assertQuick(2000, async () => {
      const seeder = new Peer(skepd, { left: 0 });
      await seeder.announce("started");
      const announced = Date.now();
      const event = page.locator(".event", { hasText: seeder.hash.slice(0, 8) });
      await Promise.all([seeders(1).waitFor(), event.waitFor()]);
      const took = Date.now() - announced;
      assert.match(await event.textContent(), /qBittorrent 4\.5\.2 came to.+127\.0\.0\.1 · 1 seeder, 0 leechers/);
      await seeder.announce("stopped");
      await Promise.all([seeders(0).waitFor(), event.filter({ hasText: "left" }).waitFor()]);
      return took;
    });
    await close(page);
  });

  testWithTracker("a torrent's peers come, progress and complete in place", async (skepd) => {
    const leecher = new Peer(skepd, { left: 500, client: "-TR4060-" });
    await leecher.listen();
    await leecher.announce("started");
    const page = await open(browser, skepd, `#/torrents/${leecher.hash}`);
    const row = page.locator("tbody", { hasText: `port ${leecher.port}` });
    await row.getByText("Leecher").waitFor();
    await page.locator(".warnings").waitFor();
    await row.evaluate((node) => (node.marked = true));
    await row.locator("a").focus();
    leecher.left = 0;
    await leecher.announce("completed");
    await row.getByText("Seeder").waitFor();
    await page.locator(".completions li").waitFor();
    assert.equal(await row.evaluate((node) => node.marked), true, "the row was built anew");
    assert.equal(
      await row.locator("a").evaluate((link) => link === document.activeElement),
      true,
      "the focus was lost",
    );
    await page.locator(".warnings").waitFor({ state: "hidden" });
    await leecher.announce("stopped");
    await page.getByText("Nobody is here now.").first().waitFor();
    await close(page);
  });

  testWithTracker("a firewalled seeder is told apart from a reachable one, and is why nothing starts", async (skepd) => {
    const seeder = new Peer(skepd, { left: 0 });
    const leecher = new Peer(skepd, { infoHash: seeder.infoHash });
    await leecher.listen();
    await Promise.all([seeder.announce("started"), leecher.announce("started")]);
    const page = await open(browser, skepd, `#/torrents/${seeder.hash}`);
    const row = (peer) => page.locator("tbody", { hasText: `port ${peer.port}` });
    await row(seeder).getByText("Firewalled").waitFor();
    await row(leecher).getByText("Reachable").waitFor();
    const words = await page.locator(".warnings").textContent();
    assert.ok(words.includes(`at 127.0.0.1, port ${seeder.port}`) && words.includes("TCP and UDP"), words);
    await page.locator(".health-line .badge", { hasText: "Seeders unreachable" }).waitFor();
    await page.goto(`${skepd.url}/#/torrents`);
    await page.locator("tbody .badge[data-tone=stuck]", { hasText: "Seeders unreachable" }).waitFor();
    await page.goto(`${skepd.url}/#/peers`);
    await page.locator("tbody .badge", { hasText: "Partly firewalled" }).waitFor();
    await page.getByRole("button", { name: "What 127.0.0.1 shares" }).click();
    const share = (peer) => page.locator(".shares li", { hasText: `port ${peer.port}` });
    await share(seeder).locator(".badge", { hasText: "Firewalled" }).waitFor();
    await share(leecher).locator(".badge", { hasText: "Reachable" }).waitFor();
    await Promise.all([seeder.announce("stopped"), leecher.announce("stopped")]);
    await close(page);
  });

  testWithTracker("a client's own words are shown as text", async (skepd) => {
    const name = "<img src=x onerror=\"document.title='broken'\"><b>bold</b>";
    const peer = new Peer(skepd);
    await fetch(`${skepd.url}/api/v1/torrents`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ info_hash: peer.hash, name }),
    });
    const page = await open(browser, skepd, "#/torrents");
    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("heading", { name }).waitFor();
    await peer.announce("started");
    await page.goto(`${skepd.url}/#/`);
    await page.locator(".event a", { hasText: name }).waitFor();
    assert.equal(await page.locator("main b, main img[src=x]").count(), 0);
    await peer.announce("stopped");
    await close(page);
  });

  testWithTracker("a lost connection is said, and recovered from", async (skepd) => {
    const page = await open(browser, skepd);
    await page.locator("#connection[data-state=live]").waitFor();
    await skepd.stop();
    await page.getByText("The tracker does not answer.").waitFor();
    await skepd.run();
    await page.getByText("The tracker does not answer.").waitFor({ state: "hidden" });
    const peer = new Peer(skepd);
    await peer.announce("started");
    await page.locator(".event", { hasText: `${peer.hash.slice(0, 8)}` }).waitFor();
    await peer.announce("stopped");
    await close(
      page,
      /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED/,
    );
  });

  testWithTracker("a hidden page asks nothing", async (skepd) => {
    const page = await open(browser, skepd, "#/", { clock: true, locale: "en-GB" });
    await page.locator("#connection[data-state=live]").waitFor();
    await page.evaluate(() => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    let asked = 0;
    page.on("request", (request) => (asked += request.url().includes("/api/")));
    for (let minute = 0; minute < 10; minute++) {
      await page.clock.runFor(60000);
      await page.evaluate(() => fetch("/health")); // as long as what it might ask takes
    }
    assert.ok(asked < 5, `${asked} requests, which is more than what was on its way`);
    await page.evaluate(() => {
      delete document.hidden;
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await page.waitForRequest(/status/);
    await close(page);
  });

  testWithTracker("requests never overlap", async (skepd) => {
    const page = await open(browser, skepd, "#/torrents");
    let flying = 0,
      most = 0;
    const isList = (request) => request.url().includes("/api/v1/torrents");
    const count = (by) => (request) => {
      if (!isList(request)) return;
      flying += by;
      most = Math.max(most, flying);
    };
    page.on("request", count(1));
    page.on("requestfinished", count(-1));
    await page.route("**/api/v1/torrents**", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      await route.continue();
    });
    for (const choice of ["Active", "Registered", "No seeder", "All"])
      await page.getByRole("button", { name: choice }).click();
    for (let round = 0; round < 5; round++) await page.waitForEvent("requestfinished", isList);
    assert.equal(most, 1);
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await close(page);
  });
});
