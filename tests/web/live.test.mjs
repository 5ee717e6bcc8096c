// The page shows changes of the tracker without a reload, and recovers from a lost connection.

import assert from "node:assert/strict";
import crypto from "node:crypto";
import http from "node:http";
import { after, before, describe, test } from "node:test";
import { close, launch, open, PHONE } from "./support/browser.mjs";
import { announceByDht } from "./support/dht.mjs";
import { assertQuick } from "./support/timing.mjs";
import { Peer } from "./support/peer.mjs";
import { freePort, Skepd } from "./support/skepd.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

/** Runs `body(skepd)` with a tracker that no other test uses. */
function testWithTracker(name, body, options) {
  test(name, async () => {
    const skepd = await Skepd.start(options);
    try {
      await body(skepd);
    } finally {
      await skepd.end();
    }
  });
}

const isStream = (exchange) => exchange.url().includes("/events?stream");

/** Counts from now on. */
function countEventRequests(page) {
  const counts = { polls: 0, streams: 0 };
  page.on("request", (request) => {
    if (isStream(request)) counts.streams++;
    else if (request.url().includes("/api/v1/events")) counts.polls++;
  });
  return counts;
}

async function threeRefreshes(page) {
  for (let round = 0; round < 3; round++) await page.waitForResponse(/status/);
}

async function showsEventsOf(page, skepd) {
  const peer = new Peer(skepd);
  await peer.announce("started");
  await page.locator(".event", { hasText: peer.hash.slice(0, 8) }).waitFor();
}

/** Passes a response on only when it is complete. */
async function startBufferingProxy(skepd) {
  let closedStreams = 0;
  const server = http.createServer((request, answer) => {
    const { method, url, headers } = request;
    const forwarded = http.request(skepd.url + url, { method, headers }, async (response) => {
      const body = await response.toArray().catch(() => []);
      answer.writeHead(response.statusCode, response.headers).end(Buffer.concat(body));
    });
    answer.on("close", () => {
      forwarded.destroy();
      closedStreams += url.includes("/events?stream");
    });
    forwarded.on("error", () => answer.destroy()).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    closedStreams: () => closedStreams,
    close: () => (server.closeAllConnections(), server.close()),
  };
}

const statValue = (page, name) => page.locator(`[data-stat=${name}] .stat-number`);

// Mostly waiting, so they run side by side.
describe("the live page", { concurrency: 2 }, () => {
  testWithTracker("a new tracker explains how to share a file", async (skepd) => {
    const page = await open(browser, skepd);
    await page.getByRole("heading", { name: "Share a file in three steps" }).waitFor();
    assert.equal(await page.locator(".step").count(), 3);
    await page.getByText("Waiting for the first client…").waitFor();
    await page.getByRole("button", { name: "Command line" }).click();
    await page.locator(".step", { hasText: /skepctl create FILE --announce http/ }).waitFor();
    const seeder = new Peer(skepd, { left: 0, source: "127.0.0.7" });
    await fetch(`${skepd.url}/api/v1/torrents`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ info_hash: seeder.hash, name: "First file" }),
    });
    await seeder.announce("started");
    await page.getByText("qBittorrent 4.5.2 at 127.0.0.7 is seeding First file").waitFor();
    await page.reload();
    await page.locator(".stats").waitFor();
    assert.equal(await page.locator(".step").first().isVisible(), false);
    await page.getByRole("button", { name: "Show all" }).click();
    await page.locator(".url-card").getByRole("link", { name: "How to share a file" }).click();
    await page.getByRole("heading", { name: "Share a file in three steps" }).waitFor();
    await close(page);
  });

  testWithTracker("help is offered if no client appears for two minutes", async (skepd) => {
    const page = await open(browser, skepd, "#/", { clock: true, locale: "en-NZ" });
    await page.getByText("Waiting for the first client…").waitFor();
    assert.equal(await page.getByText("No client yet?").isVisible(), false);
    await page.clock.fastForward(125000);
    await page.getByText("No client yet?").waitFor();
    await close(page);
  });

  testWithTracker("a list keeps its order while the pointer is in it", async (skepd) => {
    const first = new Peer(skepd),
      second = new Peer(skepd);
    for (const peer of [first, new Peer(skepd, { infoHash: first.infoHash }), second])
      await peer.announce("started");
    const page = await open(browser, skepd, "#/torrents");
    const names = () => page.locator("tbody .row-link").allTextContents();
    await page.locator("tbody .row-link").nth(1).waitFor();
    const before = await names();
    assert.ok(first.hash.startsWith(before[0].slice(0, 8)));
    await page.locator("tbody tr").first().hover();
    for (let number = 0; number < 3; number++)
      await new Peer(skepd, { infoHash: second.infoHash }).announce("started");
    await page.locator("tbody", { hasText: before[1] }).locator("td", { hasText: /^4$/ }).waitFor();
    assert.deepEqual(await names(), before);
    await page.mouse.move(1, 1);
    await page.locator("tbody").first().getByText(before[1]).waitFor();
    await close(page);
  });

  testWithTracker("a flood of events is one line, and the list waits for the pointer", async (skepd) => {
    for (let number = 0; number < 6; number++)
      await new Peer(skepd, { source: "127.0.0.6", client: "-TR4060-" }).announce("started");
    const page = await open(browser, skepd);
    const events = page.locator(".event");
    await events.filter({ hasText: "Transmission 4.0.6 joined 6 torrents" }).waitFor();
    assert.equal(await events.count(), 1);
    // Another torrent: what happens at the same moment may be listed in any order.
    const { infoHash } = new Peer(skepd);
    for (let number = 0; number < 5; number++)
      await new Peer(skepd, { infoHash, source: `127.0.0.${10 + number}` }).announce("started");
    await events.filter({ hasText: /^5 peers joined / }).waitFor();
    await events.last().hover();
    await new Peer(skepd, { left: 0, client: "-DE2110-" }).announce("started");
    await page.getByText("1 new", { exact: true }).waitFor();
    assert.equal(await events.count(), 2);
    await page.mouse.move(1, 1);
    await events.filter({ hasText: "Deluge" }).waitFor();
    await close(page);
  });

  testWithTracker("an announce appears within two seconds, without a reload", async (skepd) => {
    const page = await open(browser, skepd);
    await page.locator("#connection[data-state=live]").waitFor();
    const peers = (number) => statValue(page, "peers").filter({ hasText: new RegExp(`^${number}$`) });
    await assertQuick(2000, async () => {
      const seeder = new Peer(skepd, { left: 0 });
      await seeder.announce("started");
      const announced = Date.now();
      const event = page.locator(".event", { hasText: seeder.hash.slice(0, 8) });
      await Promise.all([peers(1).waitFor(), event.waitFor()]);
      const took = Date.now() - announced;
      assert.match(
        await event.textContent(),
        /qBittorrent 4\.5\.2 joined .+127\.0\.0\.1 · 1 seeder, 0 leechers/,
      );
      await seeder.announce("stopped");
      await Promise.all([peers(0).waitFor(), event.filter({ hasText: "left" }).waitFor()]);
      return took;
    });
    await close(page);
  });

  testWithTracker(
    "an address that is not recorded is no link",
    async (skepd) => {
      const leecher = new Peer(skepd, { left: 500 });
      await leecher.announce("started");
      leecher.left = 0;
      await leecher.announce("completed");
      const page = await open(browser, skepd);
      const event = page.locator(".event", { hasText: "completed" });
      await event.waitFor();
      assert.match(await event.textContent(), /Address not recorded · 1 seeder/);
      await event.getByRole("link").click();
      const completion = page.locator(".completions li");
      await completion.waitFor();
      assert.match(await completion.textContent(), /Address not recorded/);
      assert.equal(await completion.getByRole("link").count(), 0);
      await close(page);
    },
    { config: 'privacy = { addresses = "none"; };' },
  );

  testWithTracker("a torrent's peers join, progress and complete in place", async (skepd) => {
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
    assert.equal(await row.evaluate((node) => node.marked), true, "the row was replaced");
    assert.equal(
      await row.locator("a").evaluate((link) => link === document.activeElement),
      true,
      "the focus was lost",
    );
    await page.locator(".warnings").waitFor({ state: "hidden" });
    await leecher.announce("stopped");
    await page.getByText("No peers.").first().waitFor();
    await close(page);
  });

  testWithTracker("a client with both IP versions has two rows", async (skepd) => {
    const v4 = new Peer(skepd, { left: 0, key: "5eed5eed" });
    const v6 = new Peer(skepd, { left: 0, key: v4.key, infoHash: v4.infoHash, source: "::1" });
    v6.peerId = v4.peerId;
    await v4.announce("started");
    const page = await open(browser, skepd, `#/torrents/${v4.hash}`);
    const row = (peer) => page.locator("tbody", { hasText: `port ${peer.port}` });
    await row(v4).getByText("Seeder").waitFor();
    assert.equal(await page.getByText("also over").count(), 0);
    await v6.announce("started");
    await row(v4).getByText("also over IPv6").waitFor();
    await row(v6).getByText("also over IPv4").waitFor();
    await close(page);
  });

  testWithTracker(
    "an unreachable seeder is distinguished from a reachable one, and is the diagnosis of a stalled torrent",
    async (skepd) => {
      const seeder = new Peer(skepd, { left: 0 });
      const leecher = new Peer(skepd, { infoHash: seeder.infoHash });
      await leecher.listen();
      await Promise.all([seeder.announce("started"), leecher.announce("started")]);
      const page = await open(browser, skepd, `#/torrents/${seeder.hash}`);
      const row = (peer) => page.locator("tbody", { hasText: `port ${peer.port}` });
      await row(seeder).getByText("Firewalled", { exact: true }).waitFor();
      await row(leecher).getByText("Reachable", { exact: true }).waitFor();
      const warning = page.locator(".warnings", { hasText: `to 127.0.0.1, port ${seeder.port}` });
      await warning.filter({ hasText: "TCP and UDP" }).waitFor();
      await page.locator(".health-line .badge", { hasText: "Seeders firewalled" }).waitFor();
      await page.goto(`${skepd.url}/#/torrents`);
      await page.locator("tbody .badge[data-tone=stuck]", { hasText: "Seeders firewalled" }).waitFor();
      await page.goto(`${skepd.url}/#/peers`);
      await page.locator("tbody .badge", { hasText: "Partly reachable" }).waitFor();
      await page.getByRole("button", { name: "Torrents of 127.0.0.1" }).click();
      const share = (peer) => page.locator(".shares li", { hasText: `port ${peer.port}` });
      await share(seeder).locator(".badge", { hasText: /^Firewalled$/ }).waitFor();
      await share(leecher).locator(".badge", { hasText: /^Reachable$/ }).waitFor();
      await Promise.all([seeder.announce("stopped"), leecher.announce("stopped")]);
      await close(page);
    },
  );

  testWithTracker("a torrent's page has its parts in order, on a phone as tabs, and sorts its peers", async (skepd) => {
    const seeder = new Peer(skepd, { left: 0, client: "-DE2110-" });
    const peers = [seeder];
    for (let number = 0; number < 22; number++)
      peers.push(new Peer(skepd, { infoHash: seeder.infoHash, left: 1000 + number, source: "127.0.0.5" }));
    for (const peer of peers) await peer.announce("started");
    const page = await open(browser, skepd, `#/torrents/${seeder.hash}`);
    await page.getByText("1–20 of 23").waitFor();
    const tops = await page.evaluate(() =>
      [".health-line", ".facts", ".plot-card", ".completions", ".search"].map(
        (part) => document.querySelector(part).getBoundingClientRect().top,
      ),
    );
    assert.deepEqual(tops.slice(0, 3), [...tops.slice(0, 3)].sort((one, other) => one - other));
    assert.ok(tops[4] > tops[2] && tops[4] > tops[3], tops);
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText("21–23 of 23").waitFor();
    await page.getByRole("button", { name: "Seeders", exact: true }).click();
    await page.locator(".tally", { hasText: /^1 peer$/ }).waitFor();
    await page.getByRole("button", { name: "All", exact: true }).click();
    await page.getByRole("button", { name: "Progress" }).click();
    await page.locator(".table tbody").first().getByText("Deluge 2.1.1").waitFor();
    await page.getByRole("searchbox").fill("127.0.0.5");
    await page.locator(".tally", { hasText: /^22 peers$/ }).waitFor();
    await close(page);

    const phone = await open(browser, skepd, `#/torrents/${seeder.hash}`, PHONE);
    const part = (name) => phone.getByRole("group", { name: "Part of the page" }).getByText(name);
    await phone.locator(".facts").waitFor();
    await part("Peers").click();
    await phone.locator(".table tbody").first().waitFor();
    assert.equal(await phone.locator(".facts").isVisible(), false);
    await part("History").click();
    await phone.locator(".completions").waitFor({ state: "attached" });
    await phone.locator(".plot").waitFor();
    assert.ok((await phone.evaluate(() => document.documentElement.scrollHeight)) < 2500);
    await close(phone);
  });

  testWithTracker("markup in a name is shown as text", async (skepd) => {
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

  testWithTracker("a lost connection is shown, and recovered from", async (skepd) => {
    const page = await open(browser, skepd);
    await page.locator("#connection[data-state=live]").waitFor();
    await skepd.stop();
    await page.getByText("Connection lost.").waitFor();
    await skepd.run();
    await page.getByText("Connection lost.").waitFor({ state: "hidden" });
    const peer = new Peer(skepd);
    await peer.announce("started");
    await page.locator(".event", { hasText: `${peer.hash.slice(0, 8)}` }).waitFor();
    await peer.announce("stopped");
    await close(
      page,
      /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET_NOT_CONNECTED/,
    );
  });

  testWithTracker("a hidden page sends no requests", async (skepd) => {
    const page = await open(browser, skepd, "#/", { clock: true, locale: "en-GB" });
    await page.locator("#connection[data-state=live]").waitFor();
    await page.evaluate(() => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    let requests = 0;
    page.on("request", (request) => (requests += request.url().includes("/api/")));
    for (let minute = 0; minute < 10; minute++) {
      await page.clock.runFor(60000);
      await page.evaluate(() => fetch("/health")); // takes as long as a request of the page would
    }
    assert.ok(requests < 5, `${requests} requests, more than were pending`);
    await page.evaluate(() => {
      delete document.hidden;
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await page.waitForRequest(/status/);
    await close(page);
  });

  testWithTracker("events come by a stream, and the page no longer asks for them", async (skepd) => {
    const page = await open(browser, skepd);
    const counts = countEventRequests(page);
    await threeRefreshes(page);
    for (let before = -1; counts.polls !== before; await threeRefreshes(page)) before = counts.polls;
    const { polls } = counts;
    await showsEventsOf(page, skepd);
    assert.equal(counts.polls, polls);
    await close(page);
  });

  testWithTracker("behind a proxy that buffers, the page asks for events", async (skepd) => {
    const proxy = await startBufferingProxy(skepd);
    const page = await open(browser, skepd, "#/", { url: proxy.url });
    const counts = countEventRequests(page);
    while (proxy.closedStreams() === 0) await threeRefreshes(page);
    const { polls, streams } = counts;
    await showsEventsOf(page, skepd);
    await threeRefreshes(page);
    assert.equal(counts.streams, streams);
    assert.ok(counts.polls > polls);
    await close(page);
    proxy.close();
  });

  test("the DHT node and the peers that it found are shown", async () => {
    const dhtPort = await freePort();
    const skepd = await Skepd.start({
      config: `dht = { enabled = true; port = ${dhtPort}; answer_swarms = "all"; };`,
    });
    const hash = crypto.randomBytes(20);
    await announceByDht(dhtPort, hash, 4321);
    const page = await open(browser, skepd);
    await page.locator("p", { hasText: "DHT: 0 nodes" }).waitFor();
    await close(page);
    const torrent = await open(browser, skepd, `#/torrents/${hash.toString("hex")}`);
    await torrent.getByText("port 4321 · found by DHT").waitFor();
    await close(torrent);
    await skepd.end();
  });

  testWithTracker("requests never overlap", async (skepd) => {
    const page = await open(browser, skepd, "#/torrents");
    let pending = 0,
      max = 0;
    const isList = (request) => request.url().includes("/api/v1/torrents");
    const count = (by) => (request) => {
      if (!isList(request)) return;
      pending += by;
      max = Math.max(max, pending);
    };
    page.on("request", count(1));
    page.on("requestfinished", count(-1));
    await page.route("**/api/v1/torrents**", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      await route.continue();
    });
    for (const choice of ["With peers", "Registered", "No seeders", "All"])
      await page.getByRole("button", { name: choice, exact: true }).click();
    for (let round = 0; round < 5; round++) await page.waitForEvent("requestfinished", isList);
    assert.equal(max, 1);
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await close(page);
  });
});
