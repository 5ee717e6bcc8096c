// What the page says about problems, and how machines and torrents are named, filtered and counted.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { close, launch, open, PHONE, axeFindings } from "./support/browser.mjs";
import { Peer } from "./support/peer.mjs";
import { Skepd, watched } from "./support/skepd.mjs";

let browser, skepd;

before(async () => {
  [browser, skepd] = await Promise.all([
    launch(),
    Skepd.start({ config: `probe = { per_s = 100; timeout_ms = 300; }; network = { lan = [ "127.0.0.0/16" ]; };` }),
  ]);
});
after(() => Promise.all([browser?.close(), skepd?.end()]));

function post(path, body, to = skepd) {
  return fetch(`${to.url}/api/v1/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

const problem = (page, name) => page.locator(`[data-problem=${name}]`);

describe("problems", () => {
  test("a tracker without problems says so, and each problem leads to its list", async () => {
    const page = await open(browser, skepd);
    await page.getByRole("heading", { name: "Share a file in three steps" }).waitFor();
    const seeder = new Peer(skepd, { left: 0, source: "127.0.6.1" }); // an address that no other test listens on
    await seeder.listen();
    await seeder.announce("started");
    await page.getByText("No problems found").waitFor();
    assert.deepEqual(await axeFindings(page), []);
    const lonely = new Peer(skepd, { source: "127.0.0.2" });
    await lonely.announce("started");
    await problem(page, "unseeded").getByText("1 torrent has leechers but no seeder").waitFor();
    await problem(page, "firewalled").getByText("1 machine is firewalled").waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await problem(page, "unseeded").getByRole("link").click();
    await page.locator("tbody .badge", { hasText: "No seeders" }).waitFor();
    assert.equal(await page.locator("tbody").count(), 1);
    assert.match(page.url(), /show=unseeded/);
    await page.goBack();
    await problem(page, "firewalled").getByRole("link").click();
    await page.getByText("1 machine, 1 peer").waitFor();
    await page.getByRole("rowheader", { name: "127.0.0.2" }).waitFor();
    await page.getByRole("button", { name: "Outside" }).click();
    await page.getByText("No machines outside the local network.").waitFor();
    await close(page);
  });

  test("a refused client is one event, and on the page of its address", async () => {
    await post("bans", { network: "127.0.2.39", reason: "too loud" });
    const banned = new Peer(skepd, { source: "127.0.2.39" });
    for (let times = 0; times < 12; times++) await banned.announce();
    const page = await open(browser, skepd);
    const event = page.locator(".event[data-kind=refused]");
    await event.getByText("refused 12 times: banned").waitFor();
    await banned.announce();
    await event.getByText("refused 13 times: banned").waitFor();
    assert.equal(await event.count(), 1);
    await problem(page, "refused").getByRole("link", { name: "13 announces were refused" }).click();
    await page.getByRole("heading", { name: "Refused announces" }).waitFor();
    await page.getByRole("rowheader", { name: "your address is banned: too loud" }).waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await page.getByRole("link", { name: "127.0.2.39" }).click();
    await page.getByText("Refused 13 times").waitFor();
    await close(page);
  });

  test("the registered torrents are listed without the others, which cannot be unregistered", async () => {
    const swarm = new Peer(skepd);
    await swarm.announce("started");
    await post("torrents", { info_hash: "ab".repeat(20), name: "A registered one" });
    const page = await open(browser, skepd, "#/manage");
    const card = page.locator("section", { has: page.getByRole("heading", { name: "Registered torrents" }) });
    await card.getByRole("rowheader", { name: "A registered one" }).waitFor();
    await card.getByText("1 torrent", { exact: true }).waitFor();
    assert.equal(await card.locator("tbody").count(), 1);
    await card.getByRole("searchbox").fill(swarm.hash.slice(0, 12));
    await card.getByText("No registered torrents match").waitFor();
    await card.getByRole("searchbox").fill("");
    await card.getByRole("button", { name: "Unregister A registered one" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Unregister" }).click();
    await card.getByText("No registered torrents.").waitFor();
    await close(page);
  });

  test("an unnamed torrent looks unnamed, and can be named", async () => {
    const swarm = new Peer(skepd);
    await swarm.announce("started");
    const page = await open(browser, skepd, `#/torrents/${swarm.hash}`);
    await page.locator("h1[data-unnamed]", { hasText: "Unnamed torrent" }).waitFor();
    await page.getByRole("button", { name: "Name", exact: true }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Named by its page");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Named by its page" }).waitFor();
    assert.equal(await page.locator("h1[data-unnamed]").count(), 0);
    await page.getByRole("button", { name: "Rename" }).waitFor();
    await close(page);
  });

  test("a machine is named, and its name is shown and found", async () => {
    const peer = new Peer(skepd, { source: "127.0.7.7" });
    await peer.announce("started");
    const page = await open(browser, skepd, "#/peers/127.0.7.7");
    await page.getByRole("button", { name: "Name", exact: true }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Anna's laptop");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Anna's laptop" }).waitFor();
    await page.getByText("127.0.7.7 · Local network").waitFor();
    await page.goto(`${skepd.url}/#/peers?search=laptop`);
    await page.getByText("1 machine, 1 peer").waitFor();
    await page.getByRole("rowheader", { name: "Anna's laptop" }).waitFor();
    await page.goto(`${skepd.url}/#/torrents/${peer.hash}`);
    await page.getByRole("rowheader", { name: "Anna's laptop" }).waitFor();
    await post("bans", { network: "127.0.7.7" });
    await page.goto(`${skepd.url}/#/manage`);
    await page.getByRole("rowheader", { name: "Anna's laptop 127.0.7.7" }).waitFor();
    await page.getByRole("button", { name: "Unban Anna's laptop" }).click();
    await page.getByText("Unbanned 127.0.7.7.").waitFor();
    await page.goto(`${skepd.url}/#/`);
    await page.locator(".event", { hasText: "Anna's laptop" }).first().waitFor();
    await page.goto(`${skepd.url}/#/peers/127.0.7.7`);
    await page.getByRole("button", { name: "Remove name" }).click();
    await page.getByRole("heading", { name: "127.0.7.7" }).waitFor();
    await page.goto(`${skepd.url}/#/`);
    await page.locator(".event", { hasText: "127.0.7.7" }).first().waitFor();
    await post("machines", { address: "127.0.7.7", name: "Named elsewhere" });
    await page.locator(".event", { hasText: "Named elsewhere" }).first().waitFor();
    await close(page);
  });
});

test("a long list has first, last, a page field and a page size, above and below", async () => {
  const many = await Skepd.start();
  for (let number = 0; number < 130; number++)
    await post("torrents", { info_hash: number.toString(16).padStart(40, "0"), name: `torrent ${1000 + number}` }, many);
  const page = await open(browser, many, "#/torrents?sort=name&order=asc&size=20");
  const below = page.getByRole("navigation", { name: "Pages of torrents", exact: true });
  const above = page.getByRole("navigation", { name: "Pages of torrents, above the list" });
  await below.getByText("1–20 of 130").waitFor();
  await above.getByRole("button", { name: "Last" }).click();
  await below.getByText("121–130 of 130").waitFor();
  assert.equal(await below.getByRole("button", { name: "Next" }).isDisabled(), true);
  await below.getByRole("spinbutton", { name: "Page" }).fill("3");
  await page.keyboard.press("Enter");
  await above.getByText("41–60 of 130").waitFor();
  assert.match(page.url(), /page=3/);
  assert.deepEqual(await axeFindings(page), []);
  await below.getByRole("combobox", { name: "Page size" }).selectOption("100");
  await below.getByText("1–100 of 130").waitFor();
  await above.waitFor({ state: "detached" });
  assert.match(page.url(), /size=100/);
  await close(page);
  await many.end();
});

test("a name is cut in the middle, and is still read and found as a whole", async () => {
  const name = `${"A very long name of a file ".repeat(8)}S01E07.mkv`;
  await post("torrents", { info_hash: "cd".repeat(20), name });
  for (const options of [{}, PHONE]) {
    const page = await open(browser, skepd, "#/torrents?search=very+long", options);
    const link = page.getByRole("link", { name });
    await link.waitFor();
    const [start, end] = [link.locator(".middle-start"), link.locator(".middle-end")];
    assert.ok(await start.evaluate((node) => node.scrollWidth > node.clientWidth));
    assert.ok(await end.evaluate((node) => node.scrollWidth <= node.clientWidth + 1));
    assert.match(await end.textContent(), /E07\.mkv$/);
    await close(page);
  }
});

test("a tracker that has lost its peers says so and does not greet as new", async () => {
  const lost = await Skepd.start();
  await lost.stop();
  const sql = "INSERT INTO sample VALUES (3600, ?, 1, 5, 9, 4, 5, 0, 0, 0)";
  const code = `import sqlite3, sys, time
with sqlite3.connect(sys.argv[1]) as db:
    db.execute(sys.argv[2], (int(time.time()) // 3600 * 3600 - 7200,))`;
  execFileSync("python3", ["-c", code, lost.file, sql]);
  await lost.run();
  const page = await open(browser, lost);
  await page.getByRole("heading", { name: "No peers since the restart." }).waitFor();
  await page.getByText("Clients announce again by themselves").waitFor();
  assert.equal(await page.getByRole("heading", { name: "Share a file in three steps" }).isVisible(), false);
  await close(page);
  await lost.end();
});

/** Starts an engine. Nodes with its `settings` form a cluster. */
async function startEngine() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "engine-"));
  const socket = path.join(directory, "socket");
  const engine = watched(spawn("redis-server", ["--port", "0", "--unixsocket", socket, "--save", "", "--dir", directory]));
  const ended = new Promise((resolve) => engine.once("exit", resolve));
  return {
    settings: (name) => `cluster = { engine = "unix://${socket}"; name = "${name}"; join_timeout_s = 1; };`,
    kill: () => engine.kill("SIGKILL"),
    async end() {
      engine.kill("SIGKILL");
      await ended;
      fs.rmSync(directory, { recursive: true });
    },
  };
}

test("a node of a cluster shows the nodes, and what it lacks", async () => {
  const engine = await startEngine();
  const node = (name) => Skepd.start({ config: engine.settings(name) });
  const nodes = await Promise.all([node("one"), node("two")]);
  await new Peer(nodes[0]).announce("started");
  const page = await open(browser, nodes[0]);
  await page.getByText(/Cluster: 2 of 2 nodes(?!, )/).waitFor();
  await page.goto(`${nodes[0].url}/#/manage`);
  const card = page.getByRole("region", { name: "Cluster" });
  await card.getByRole("rowheader", { name: "one (this node)" }).waitFor();
  await card.getByRole("row", { name: "two" }).getByText(/just now|ago/).waitFor();
  await card.getByText("2 nodes", { exact: true }).waitFor();
  await card.getByText("appendonly is not enabled").waitFor();
  assert.deepEqual(await axeFindings(page), []);
  engine.kill();
  await card.getByText("Not connected").waitFor();
  await page.goto(`${nodes[0].url}/#/`);
  await page.getByText("Cluster: 2 of 2 nodes, engine not connected").waitFor();
  await problem(page, "warning").getByText("The engine of the cluster is not connected").waitFor();
  assert.deepEqual(await axeFindings(page), []);
  await close(page);
  await Promise.all(nodes.map((each) => each.end()));
  await engine.end();
});

test("the nodes of a cluster show how far they are behind, and why they requested copies", async () => {
  const engine = await startEngine();
  const nodes = await Promise.all([engine.settings("one"), engine.settings("two")].map((config) => Skepd.start({ config })));
  const page = await open(browser, nodes[0], "#/manage", PHONE);
  const card = page.getByRole("region", { name: "Cluster" });
  const fact = (label) => card.locator(".fact").filter({ has: page.getByText(label, { exact: true }) });
  await card.getByRole("row", { name: "two" }).getByText("0 entries, 0 s").waitFor();
  await card.getByRole("row", { name: "one (this node)" }).getByText("0 entries, 0 s").waitFor();
  await fact("Sent").getByText("B/s").waitFor();
  await fact("Changes sent again").getByText("Never").waitFor();
  await fact("Copies of all peers").getByText(/Last requested .*: this node started/).waitFor();
  await page.route("**/api/v1/cluster", async (route) => {
    const response = await route.fetch();
    const cluster = await response.json();
    Object.assign(cluster.node, { behind_entries: 120, behind_ms: 1234, records_sent_per_s: 1500, bytes_read_per_s: 2048 });
    Object.assign(cluster.nodes[0], { behind_entries: null, behind_ms: null });
    const requested = Date.now() / 1000 - 300;
    cluster.last_snapshot = { reason: "missing", requested, received: null };
    cluster.last_resend = { reason: "engine", sent: requested };
    cluster.counts.resends = 1;
    cluster.counts.holes = 2;
    await route.fulfill({ response, json: cluster });
  });
  await card.getByRole("row", { name: "one (this node)" }).getByText("120 entries, 1.2 s").waitFor();
  assert.equal(await card.getByRole("row", { name: "two" }).getByText("entries").count(), 0);
  await fact("Behind").getByText("1.2 s").waitFor();
  await fact("Read").getByText("2.0 KiB/s").waitFor();
  await fact("Changes a second").getByText("1,500 sent").waitFor();
  await fact("Changes missing").getByText("2 times").waitFor();
  await fact("Changes sent again").getByText("1 time, last 5 min ago: the engine restarted").waitFor();
  await fact("Copies of all peers").getByText("5 min ago: changes were missing; not complete yet").waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), PHONE.viewport.width);
  assert.deepEqual(await axeFindings(page), []);
  await close(page);
  await Promise.all(nodes.map((each) => each.end()));
  await engine.end();
});

/** Two nodes. The second one joins with a name and more torrents than a request imports. */
async function startForeignNode(engine) {
  const quick = "announce = { interval_min_s = 1; interval_max_s = 1; };";
  const first = await Skepd.start({ config: quick + engine.settings("one") });
  const joined = await Skepd.start();
  await post("machines", { address: "192.0.2.7", name: "Anna's laptop" }, joined);
  await joined.stop();
  const code = `import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.executemany("INSERT INTO listed (info_hash, name, added_s) VALUES (?, ?, 1)",
                   [(i.to_bytes(20, "big"), f"torrent {i}") for i in range(1, 1202)])`;
  execFileSync("python3", ["-c", code, joined.file]);
  fs.writeFileSync(path.join(joined.directory, "skepd.conf"), quick + engine.settings("two"));
  while (!first.log().includes("this node has all peers")) await sleep(20);
  await joined.run();
  while (!joined.log().includes("set aside 1201 torrents")) await sleep(20);
  return [first, joined];
}

test("entries that were set aside are counted, and added with the keyboard, also after a failure", async () => {
  const engine = await startEngine();
  const [first, joined] = await startForeignNode(engine);
  const page = await open(browser, joined, "#/", PHONE);
  let requests = 0;
  await page.route("**/cluster/import", (route) =>
    ++requests === 2
      ? route.fulfill({ status: 503, json: { error: { code: "store_failed", message: "The disk is full." } } })
      : route.continue(),
  );
  const item = problem(page, "aside");
  await item.getByText("1,202 entries of this node's database are not in the cluster").waitFor();
  assert.equal(await page.getByText("skepctl cluster import").count(), 0);
  assert.deepEqual(await axeFindings(page), []);
  const button = item.getByRole("button", { name: "Add to cluster" });
  assert.ok((await button.boundingBox()).height >= 44);
  await button.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Add to the cluster?" });
  await dialog.getByText("1,201 torrents, 1 machine name").waitFor();
  assert.deepEqual(await axeFindings(page), []);
  await page.keyboard.press("Enter"); // "Cancel" has the focus
  await dialog.waitFor({ state: "detached" });
  const add = async () => {
    await button.press("Enter");
    await dialog.getByRole("button", { name: "Add to cluster" }).press("Enter");
  };
  await add();
  await page.getByText("Added 1,000 entries. The disk is full.").waitFor();
  await item.getByText("202 entries").waitFor();
  await add();
  await page.getByText("Added 202 entries to the cluster.").waitFor();
  await item.waitFor({ state: "detached" });
  const registered = async () => (await (await fetch(`${first.url}/api/v1/status`)).json()).registry.torrents;
  while ((await registered()) !== 1201) await sleep(20);
  await close(page, /503/);
  await Promise.all([first.end(), joined.end()]);
  await engine.end();
});
