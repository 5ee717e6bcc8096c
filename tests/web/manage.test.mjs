// Administration on the page, and the permission for it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { close, dropFiles, launch, open, screenshot, axeFindings } from "./support/browser.mjs";
import { Peer, torrentFile } from "./support/peer.mjs";
import { Skepd } from "./support/skepd.mjs";

const TOKEN = "correct-horse-battery";
const INSECURE = "tracker.test"; // plain HTTP to a hostname: no secure context, as on a LAN
const STRANGER = "stranger.test"; // a hostname that is not configured
const DIRECTORY = mkdtempSync(join(tmpdir(), "torrents-"));
let browser, skepd, guarded, closed;

writeFileSync(join(DIRECTORY, "of a file.torrent"), torrentFile("From the directory.iso"));

before(
  async () =>
    ([browser, skepd, guarded, closed] = await Promise.all([
      launch(`--host-resolver-rules=MAP *.test 127.0.0.1`),
      Skepd.start({ config: `http = { hostnames = [ "${INSECURE}" ]; };` }),
      Skepd.start({ config: `http = { admins = [ ]; admin_token = "${TOKEN}"; public_stats = true; };` }),
      Skepd.start({ config: `access = { mode = "private"; torrent_dir = "${DIRECTORY}"; };` }),
    ])),
);
after(async () => {
  await Promise.all([browser?.close(), skepd?.end(), guarded?.end(), closed?.end()]);
  rmSync(DIRECTORY, { recursive: true });
});

for (const [where, url] of [
  ["a secure origin", () => skepd.url],
  ["plain HTTP on a LAN", () => `http://${INSECURE}:${skepd.port}`],
]) {
  test(`the copy button puts the announce URL on the clipboard on ${where}`, async () => {
    const page = await open(browser, skepd, "#/", { url: url(), permissions: [] });
    await page.locator(".url").first().waitFor();
    assert.equal(await page.evaluate(() => window.isSecureContext), where === "a secure origin");
    const shown = await page.locator(".url-text").first().textContent();
    await page.getByRole("button", { name: "Copy announce URL" }).first().click();
    await page.getByText("Copied announce URL.").waitFor();
    await page.goto(`${url()}/#/torrents`);
    await page.getByRole("searchbox").focus();
    await page.keyboard.press("Control+V");
    assert.equal(await page.getByRole("searchbox").inputValue(), shown);
    assert.match(shown, /^http:\/\/.+\/announce$/);
    await close(page);
  });
}

// Each in its own window, two at a time.
describe("administration", { concurrency: 2 }, () => {
  test("dropped .torrent files are registered, with a result each", async () => {
    const page = await open(browser, skepd);
    await page.getByRole("heading", { level: 1 }).waitFor();
    const one = torrentFile("The first file.iso");
    await dropFiles(page, [
      ["one.torrent", one],
      ["two.torrent", torrentFile("The second file.iso")],
      ["broken.torrent", Buffer.from("d4:spam")],
    ]);
    await page.getByRole("heading", { name: "Manage" }).waitFor();
    await dropFiles(page, [["again.torrent", one]]);
    await page.locator(".upload[data-state=same]", { hasText: "Already registered" }).waitFor();
    await page.locator(".upload[data-state=done]", { hasText: "two.torrent" }).waitFor();
    await page.locator(".upload[data-state=failed]", { hasText: "broken.torrent" }).waitFor();
    await page.getByRole("rowheader", { name: "The first file.iso" }).waitFor();
    await page.getByRole("link", { name: "The second file.iso" }).first().click();
    await page.getByRole("heading", { name: "The second file.iso" }).waitFor();
    assert.match(
      await page.getByRole("link", { name: "Magnet link" }).getAttribute("href"),
      /^magnet:\?xt=urn:btih:/,
    );
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: ".torrent" }).click(),
    ]);
    assert.match(download.suggestedFilename(), /\.torrent$/);
    await close(page, /status of 4(00|09)/);
  });

  test("a registered torrent is renamed and unregistered", async () => {
    const page = await open(browser, skepd, "#/manage");
    await page.getByText("Register by info_hash").click();
    await page.getByLabel("info_hash", { exact: true }).fill("AB".repeat(20));
    await page.getByLabel("Name", { exact: true }).fill("By its hash");
    await page.getByRole("button", { name: "Register", exact: true }).click();
    await page.getByRole("button", { name: "Rename By its hash" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Another name");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Unregister Another name" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Unregister" }).click();
    await page.getByRole("button", { name: "Unregister Another name" }).waitFor({ state: "detached" });
    await close(page);
  });

  test("a torrent of the directory is shown with its file, and not to be unregistered", async () => {
    const page = await open(browser, closed, "#/manage");
    const path = join(DIRECTORY, "of a file.torrent");
    await page.getByRole("cell", { name: "in directory" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Unregister From the directory.iso" }).count(), 0);
    await page.getByRole("link", { name: "From the directory.iso" }).click();
    await page.getByText(`Registered by the file ${path}`).waitFor();
    await page.getByRole("button", { name: "Block" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Unregister" }).count(), 0);
    assert.equal(await page.getByRole("button", { name: "Rename" }).count(), 0);
    await close(page);
  });

  test("a magnet link is registered under its own name", async () => {
    const page = await open(browser, skepd, "#/manage");
    await page.getByText("Register by info_hash or magnet link").click();
    const field = page.getByLabel("info_hash", { exact: true });
    await field.fill(`magnet:?xt=urn:btih:${"cd".repeat(32)}`);
    await page.getByRole("button", { name: "Register", exact: true }).click();
    await page.getByText("btih must be 40 hexadecimal or 32 base32 characters, not 64").waitFor();
    await field.fill(`“magnet:?xt=urn:btih:${"CD".repeat(20)}&dn=By+its+link”`);
    await page.getByRole("button", { name: "Register", exact: true }).click();
    await page.getByRole("button", { name: "Unregister By its link" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Unregister" }).click();
    await page.getByRole("button", { name: "Unregister By its link" }).waitFor({ state: "detached" });
    await close(page, /status of 400/);
  });

  test("the QR code of an announce URL opens large, and Escape closes it", async () => {
    const page = await open(browser, skepd);
    await page.getByRole("button", { name: "Show QR code" }).first().click();
    const image = page.getByRole("dialog").getByRole("img");
    await page.waitForFunction(() => document.querySelector("dialog img").naturalWidth > 0);
    assert.ok((await image.boundingBox()).width >= 300);
    await page.keyboard.press("Escape");
    await image.waitFor({ state: "detached" });
    await close(page);
  });

  test("a passkey is shown once, and revoked after confirmation", async () => {
    const page = await open(browser, skepd, "#/manage");
    await page.getByLabel("Label").fill("Anna's laptop");
    await page.getByRole("button", { name: "Create" }).click();
    const dialog = page.getByRole("dialog");
    const passkey = await dialog.locator(".copy-text").last().textContent();
    assert.match(passkey, /^[0-9a-zA-Z]{16,}$/);
    const url = await dialog.locator(".copy-text").first().textContent();
    assert.ok(url.includes(`/${passkey}/announce`));
    assert.deepEqual(await axeFindings(page), []);
    await screenshot(page, "passkey", false);
    const parts = await dialog
      .locator(".copy-text wbr")
      .evaluateAll((nodes) => nodes.map((node) => node.nextSibling.data));
    assert.deepEqual([...new Set(parts)], [`/${passkey}`, "/announce"]);
    const hosts = await dialog.locator(".copy-text:visible").allTextContents();
    assert.ok(
      hosts.slice(0, -1).every((shown) => new URL(shown).hostname === new URL(url).hostname),
      hosts,
    );
    await page.mouse.click(5, 5); // beside the dialog
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.goto(`${skepd.url}/#/`);
    assert.equal(new URL(url).host, new URL(await page.locator(".url-text").first().textContent()).host);
    await page.goBack();
    await dialog.getByRole("button", { name: "Show QR code of announce URL" }).first().click();
    await page.waitForFunction(() => document.querySelector("dialog img").naturalWidth > 0);
    await page.keyboard.press("Escape");
    await dialog.getByRole("button", { name: "Done" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Revoke Anna's laptop" }).click();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Revoke Anna's laptop" }).click();
    await dialog.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("button", { name: "Revoke Anna's laptop" }).waitFor({ state: "detached" });
    assert.equal((await page.content()).includes(passkey), false);
    await close(page);
  });

  test("a private tracker warns that its announce URL needs a passkey", async () => {
    const page = await open(browser, closed);
    await page.locator(".step", { hasText: "an announce URL with a passkey" }).waitFor();
    assert.equal(await page.locator(".step .copy-line:visible").count(), 0);
    await screenshot(page, "new-private");
    await page.getByRole("link", { name: "Create a passkey" }).click();
    await page.getByRole("heading", { name: "Manage" }).waitFor();
    await dropFiles(page, [["closed.torrent", torrentFile("For members.iso")]]);
    await page.getByRole("link", { name: "For members.iso" }).first().click();
    await page.getByRole("heading", { name: "For members.iso" }).waitFor();
    await page.locator(".warning", { hasText: "announce URL without a passkey" }).waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await screenshot(page, "torrent-private");
    await close(page);
  });

  test("an address is banned from its own page, and unbanned", async () => {
    const peer = new Peer(skepd, { source: "127.0.0.9" });
    await peer.announce("started");
    const page = await open(browser, skepd, "#/peers");
    await page.getByRole("button", { name: "Torrents of 127.0.0.9" }).click();
    await page.locator(".shares li").waitFor();
    await page.getByRole("link", { name: "127.0.0.9" }).click();
    await page.getByRole("button", { name: "Ban address" }).click();
    await page.getByRole("dialog").getByLabel("Reason").fill("Too loud");
    await page.getByRole("dialog").getByRole("button", { name: "Ban", exact: true }).click();
    await page.getByText("Banned permanently").waitFor();
    await page.getByRole("link", { name: "Manage" }).click();
    await page.getByRole("rowheader", { name: "127.0.0.9" }).waitFor();
    await page.getByRole("button", { name: "Unban 127.0.0.9" }).click();
    await page.getByText("No bans.").waitFor();
    await close(page);
  });

  test("a ban of a large network or of one's own address asks for confirmation", async () => {
    const quiet = await Skepd.start();
    await new Peer(quiet, { source: "127.0.0.8" }).announce("started");
    const page = await open(browser, quiet, "#/manage");
    const dialog = page.getByRole("dialog");
    const ban = async (network) => {
      await page.getByLabel("Address or network").fill(network);
      await page.getByRole("button", { name: "Ban", exact: true }).click();
    };
    await ban("0.0.0.0/0");
    await dialog.getByText("It includes your own address, 127.0.0.1.").waitFor();
    assert.match(await dialog.textContent(), /0\.0\.0\.0\/0 has 1 peer at 1 address\./);
    assert.deepEqual(await axeFindings(page), []);
    await screenshot(page, "ban-question", false);
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await ban("2001:db8::/48");
    await dialog.getByText("2001:db8::/48 has no peers.").waitFor();
    await page.keyboard.press("Escape");
    await ban("198.51.100.0/24");
    await page.getByRole("button", { name: "Unban 198.51.100.0/24" }).click();
    await page.getByText("No bans.").waitFor();
    assert.deepEqual((await (await fetch(`${quiet.url}/api/v1/bans`)).json()).items, []);
    await close(page);
    await quiet.end();
  });

  test("a ban of one's own address is sent after confirmation", async () => {
    const quiet = await Skepd.start();
    const page = await open(browser, quiet, "#/manage");
    await page.getByLabel("Address or network").fill("127.0.0.1");
    await page.getByRole("button", { name: "Ban", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Ban anyway" }).click();
    await page.getByRole("rowheader", { name: "127.0.0.1" }).waitFor();
    await close(page);
    await quiet.end();
  });

  test("a torrent is blocked with a reason, listed, and unblocked", async () => {
    const quiet = await Skepd.start();
    const peer = new Peer(quiet, { source: "127.0.0.8" });
    await peer.announce("started");
    const page = await open(browser, quiet, `#/torrents/${peer.hash}`);
    await page.getByRole("button", { name: "Block", exact: true }).click();
    await page.getByRole("dialog").getByLabel("Reason").fill("Takedown request");
    await page.getByRole("dialog").getByRole("button", { name: "Block", exact: true }).click();
    await page.locator(".warning", { hasText: "with the reason “Takedown request”" }).waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await screenshot(page, "torrent-blocked");
    await page.getByRole("link", { name: "Manage" }).click();
    await page.getByRole("cell", { name: "Takedown request" }).waitFor();
    await page.getByRole("button", { name: /^Unblock/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Unblock" }).click();
    await page.getByText("No blocked torrents.").waitFor();
    await close(page);
    await quiet.end();
  });

  test("a rejected form shows the error and keeps the input", async () => {
    const page = await open(browser, skepd, "#/manage");
    await page.getByLabel("Address or network").fill("not an address");
    await page.getByRole("button", { name: "Ban", exact: true }).click();
    await page.getByRole("alert").filter({ hasText: "Invalid network: expected an IP address" }).waitFor();
    const field = page.getByLabel("Address or network");
    assert.equal(await field.inputValue(), "not an address");
    assert.deepEqual(await axeFindings(page), []);
    await screenshot(page, "fault");
    assert.equal(await page.locator(".notice").count(), 0);
    await field.fill("192.0.2.1");
    assert.equal(await field.getAttribute("aria-invalid"), null);
    assert.equal(await page.getByText("Invalid network: expected an IP address").count(), 0);
    await close(page, /status of 400/);
  });

  test("without permission only totals are shown, and a token signs in until the tab is closed", async () => {
    const page = await open(browser, guarded);
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    assert.equal(await page.locator(".event, .table").count(), 0);
    assert.equal(await page.getByRole("navigation", { name: "Main" }).isVisible(), false);
    await page.goto(`${guarded.url}/#/torrents`);
    await page.getByLabel("Token").fill("not-the-token");
    await page.keyboard.press("Enter");
    await page.getByText("Invalid token.").waitFor();
    await page.getByLabel("Token").fill(`\u200b ${TOKEN}\u00a0`);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Torrents" }).waitFor();
    await dropFiles(page, [["a.torrent", torrentFile("With a token.iso")]]);
    await page.locator(".upload[data-state=done]").waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Manage" }).waitFor();
    await page.getByRole("link", { name: "With a token.iso" }).first().click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: ".torrent" }).click(),
    ]);
    assert.equal(download.suggestedFilename(), "With a token.iso.torrent");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Token").waitFor();
    await page.locator("#sign").click();
    await page.locator(".headline").waitFor();
    await close(page, /status of 40[13]/);
  });

  for (const [reason, message, tracker, options] of [
    ["address", /You are 127\.0\.0\.1\..+admin_token.+http\.admins.+"127\.0\.0\.1" \].+systemctl reload skepd.+clients announce without/s, () => guarded, {}],
    ["host", /hostname.+hostnames = \[ "stranger\.test" \]/s, () => skepd, { host: STRANGER }],
    [
      "forwarded",
      /proxy at 127\.0\.0\.1.+trusted_proxies = \[ "127\.0\.0\.1" \]/s,
      () => skepd,
      { extraHTTPHeaders: { "X-Forwarded-For": "192.0.2.1" } },
    ],
  ]) {
    test(`the reason for a denial is shown: ${reason}`, async () => {
      const { host = "127.0.0.1", ...more } = options;
      const page = await open(browser, tracker(), "#/", { url: `http://${host}:${tracker().port}`, ...more });
      if (tracker() === guarded) await page.getByRole("button", { name: "Sign in" }).click();
      await page.locator(".sign-in").waitFor();
      assert.match(await page.locator(".sign-in").textContent(), message);
      assert.deepEqual(await axeFindings(page), []);
      await screenshot(page, `sign-in-${reason}`);
      await close(page);
    });
  }

  test("an expired token is asked for again", async () => {
    const page = await open(browser, guarded);
    await page.evaluate(() => sessionStorage.setItem("skep.token", "an-old-token"));
    await page.reload();
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("The saved token is not valid.").waitFor();
    await close(page);
  });
});
