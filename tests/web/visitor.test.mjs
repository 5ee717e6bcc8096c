// The page for visitors: public totals, no scripts, a phone of 320 px, a proxy's path, the keyboard.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, describe, test } from "node:test";
import { close, launch, open, axeFindings } from "./support/browser.mjs";
import { Peer, torrentFile } from "./support/peer.mjs";
import { Skepd } from "./support/skepd.mjs";

const PUBLIC = `http = { admins = [ "127.0.0.2" ]; public_stats = true; };`;
const PRIVATE = `${PUBLIC} access = { mode = "private"; };`;
const BEHIND_PROXY = `network = { trusted_proxies = [ "127.0.0.3" ]; };`;
const NARROW = { viewport: { width: 320, height: 640 } };
let browser, visited, hidden, own, torrent;

before(async () => {
  [browser, visited, hidden, own] = await Promise.all([
    launch(),
    Skepd.start({ config: PUBLIC }),
    Skepd.start({ config: PRIVATE }),
    Skepd.start({ config: BEHIND_PROXY }),
  ]);
  torrent = new Peer(visited, { left: 0 });
  await torrent.announce("started");
  for (let number = 0; number < 4; number++) {
    const peer = new Peer(own, { client: "-XY1234-" });
    await peer.announce("started");
    await fetch(`${own.url}/api/v1/torrents`, {
      method: "POST",
      body: torrentFile(`a-file-with-a-long-name-and-a-number-${number}.iso`),
    });
  }
});
after(() => Promise.all([browser?.close(), visited?.end(), hidden?.end(), own?.end()]));

/** A proxy that serves skepd under /tracker/. */
async function startProxy(skepd) {
  const server = http.createServer((request, response) => {
    if (!request.url.startsWith("/tracker/")) return response.writeHead(404).end();
    const headers = { ...request.headers, "x-forwarded-for": "127.0.0.1", host: `127.0.0.1:${skepd.port}` };
    const target = { host: "127.0.0.1", localAddress: "127.0.0.3", port: skepd.port };
    const options = { ...target, path: request.url.slice(8), method: request.method, headers };
    const onward = http.request(options, (reply) => {
      response.writeHead(reply.statusCode, reply.headers);
      reply.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    return request.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return server;
}

describe("visitors", { concurrency: 3 }, () => {
  test("the public page shows announce URLs, totals and the counts of a torrent", async () => {
    const page = await open(browser, visited);
    await page.getByRole("heading", { name: /1 seeder and 0 leechers in 1 torrent/ }).waitFor();
    await page
      .getByText(`http://127.0.0.1:${visited.port}/announce`)
      .first()
      .waitFor({ state: "attached" });
    const field = page.getByRole("searchbox", { name: "info_hash" });
    await field.fill(` ${torrent.hash.toUpperCase()} `);
    await field.press("Enter");
    await page.getByText("1 seeder, 0 leechers, 0 completed downloads.").waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await field.fill("nonsense");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("expected 40 hexadecimal digits").waitFor();
    await field.fill(`<magnet:?dn=${"x".repeat(200)}&xt=urn%3Abtih%3A${torrent.hash}&tr=udp://t>`);
    await field.press("Enter");
    await page.getByText("1 seeder, 0 leechers, 0 completed downloads.").waitFor();
    await close(page, /status of 400/);
  });

  test("the public page of a private tracker has no search", async () => {
    const page = await open(browser, hidden);
    await page.getByRole("heading", { name: "Announce URLs" }).waitFor();
    assert.equal(await page.getByRole("searchbox").count(), 0);
    await close(page);
  });

  test("without scripts the page shows totals and announce URLs", async () => {
    const page = await open(browser, visited, "", { javaScriptEnabled: false });
    const shown = await page.locator("main").innerText();
    assert.match(shown, /1 seeder and 0 leechers in 1 torrent\./);
    assert.ok(shown.includes(`http://127.0.0.1:${visited.port}/announce`));
    assert.equal(await page.getByText("Connecting").isVisible(), false);
    assert.deepEqual(page.faults, []);
    await page.close();
  });

  test("nothing scrolls sideways at any width, and every region has a name of its own", async () => {
    const page = await open(browser, own, "#/", NARROW);
    const { items } = await (await fetch(`${own.url}/api/v1/torrents?show=active`)).json();
    const torrents = ["#/torrents", `#/torrents/${items[0].info_hash}`];
    const peers = ["#/peers", "#/peers?by=torrent", "#/peers/127.0.0.1"];
    for (const route of ["#/", "#/share", ...torrents, ...peers, "#/manage"]) {
      await page.goto(`${own.url}/${route}`);
      await page.locator("main h1").waitFor();
      await page.waitForFunction(() => !document.querySelector(".tally:empty, .stat-number:empty, dd:empty"));
      for (const width of [721, 961, 320]) {
        await page.setViewportSize({ width, height: 800 });
        await page.waitForFunction(fits, null, { timeout: 10000 }).catch(() => {}); // the next line says what is too wide
        assert.deepEqual(await page.evaluate(findWide), [], `${route} at ${width} px`);
      }
      assert.deepEqual(await page.evaluate(findAnonymous), [], route);
    }
    const publicPage = await open(browser, visited, "#/", NARROW);
    await publicPage.getByRole("searchbox", { name: "info_hash" }).waitFor();
    assert.deepEqual(await publicPage.evaluate(findWide), []);
    assert.deepEqual(await publicPage.evaluate(findAnonymous), []);
    await close(publicPage);
    await close(page);
  });

  test("an unknown client has no invented version", async () => {
    const page = await open(browser, own, "#/peers");
    await page.getByText("unknown (XY)").first().waitFor();
    await close(page);
  });

  test("the page works under a path of a proxy", async () => {
    const proxy = await startProxy(own);
    const url = `http://127.0.0.1:${proxy.address().port}`;
    const page = await open(browser, own, "tracker/#/torrents", { url });
    await page.locator("a.row-link").nth(3).waitFor();
    await page.goto(`${url}/tracker/#/manage`);
    await page.getByLabel("Label").fill("by proxy");
    await page.getByRole("button", { name: "Create" }).first().click();
    await page.getByText("will not be shown again").waitFor();
    await close(page);
    proxy.closeAllConnections();
    proxy.close();
  });

  test("arrow keys move through rows, also from the search field and the page", async () => {
    const page = await open(browser, own, "#/torrents");
    const rows = page.locator("a.row-link");
    await rows.nth(3).waitFor();
    const focused = () => page.evaluate(() => document.activeElement.title || document.activeElement.type);
    const titles = await rows.evaluateAll((links) => links.map((link) => link.title));
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(), titles[0]);
    await page.keyboard.press("/");
    assert.equal(await focused(), "search");
    for (const title of titles.slice(0, 3)) {
      await page.keyboard.press("ArrowDown");
      assert.equal(await focused(), title);
    }
    await page.keyboard.press("ArrowUp");
    assert.equal(await focused(), titles[1]);
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    assert.equal(await focused(), "search");
    await close(page);
  });
});

const fits = () => document.documentElement.scrollWidth <= document.documentElement.clientWidth;

/** The outermost elements that make the page wider than the window. */
function findWide() {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const clipped = (node) => {
    for (let parent = node.parentElement; parent; parent = parent.parentElement)
      if (parent !== document.body && /auto|scroll|hidden|clip/.test(getComputedStyle(parent).overflowX))
        return true;
    return false;
  };
  return [...document.body.querySelectorAll("*")]
    .filter((node) => node.getBoundingClientRect().right > clientWidth + 0.5 && !clipped(node))
    .map((node) => `${node.tagName}.${node.className}`);
}

/** Visible regions without a name, or with the name of another one of the same kind. */
function findAnonymous() {
  const kinds = "section, nav, form, [role=region], [role=search], [role=group], table, canvas, dialog[open]";
  const nameOf = (node) =>
    node.getAttribute("aria-label") ??
    (node.getAttribute("aria-labelledby") ?? "")
      .split(" ")
      .map((id) => document.getElementById(id)?.textContent ?? "")
      .join(" ");
  const seen = new Set();
  return [...document.querySelectorAll(kinds)]
    .filter((node) => node.checkVisibility() && node.tagName !== "FORM" && !node.matches(".hero"))
    .map((node) => [
      node.tagName,
      node.className,
      nameOf(node) || node.querySelector("caption")?.textContent || "",
    ])
    .filter(([tag, , name]) => {
      const id = tag === "TABLE" || tag === "CANVAS" ? `${tag}/${name}` : name;
      const known = seen.has(id) || id === "";
      seen.add(id);
      return known;
    })
    .map((found) => found.join(" / "));
}
