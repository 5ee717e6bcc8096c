// Every view in light, dark and on a phone: no errors, accessible, not too wide. Writes screenshots to
// output/.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { close, DESKTOP, launch, open, PHONE, screenshot, axeFindings } from "./support/browser.mjs";
import { Peer } from "./support/peer.mjs";
import { ROOT, Skepd, watched } from "./support/skepd.mjs";

const DEMO = path.join(ROOT, "tests/web/demo.py");
const PNG_SIGNATURE = "89504e470d0a1a0a";
const PICTURE = path.join(ROOT, "tests/web/overview.png"); // shown by the README
const PICTURE_MAX = 200 * 1024;
const HISTORY = { seeders: 2, leechers: 1, downloaded: 3, upload_rate: 0, download_rate: 0 };
const WORST = "Big Buck Bunny";
let browser, skepd, fresh, demo, views;

before(async () => {
  [browser, skepd, fresh] = await Promise.all([launch(), startWithHistory(), Skepd.start()]);
  demo = watched(
    spawn("python3", [DEMO, "live", skepd.port, "60"], { stdio: ["ignore", "pipe", "inherit"] }),
  );
  await new Promise((resolve) => demo.stdout.once("data", resolve));
  views = await findViews();
});
after(() => {
  demo?.kill();
  return Promise.all([browser?.close(), skepd?.end(), fresh?.end()]);
});

/** Adds a month of history to a database that skepd has created. */
async function startWithHistory() {
  const skepd = await Skepd.start();
  await skepd.stop();
  execFileSync("python3", [DEMO, "past", skepd.file]);
  await skepd.run();
  return skepd;
}

async function findViews() {
  const ask = async (query) => (await (await fetch(`${skepd.url}/api/v1/${query}`)).json()).items[0];
  const busiest = await ask("torrents?sort=leechers&order=desc");
  const worst = await ask(`torrents?search=${encodeURIComponent(WORST)}`);
  const address = await ask("addresses?sort=torrents&order=desc");
  return {
    overview: "#/",
    torrents: "#/torrents",
    torrent: `#/torrents/${busiest.info_hash}`,
    diagnosis: `#/torrents/${worst.info_hash}`,
    peers: "#/peers",
    "peers-by-torrent": "#/peers?by=torrent",
    address: `#/peers/${address.address}`,
    manage: "#/manage",
  };
}

/** Resolves when the view is shown with its data. */
async function settled(page) {
  await page.locator("#connection[data-state=live]").waitFor();
  await page.locator("main h1").waitFor();
  await page.waitForFunction(() => !document.querySelector(".tally:empty, .stat-number:empty, dd:empty"));
}

/** [selector, contrast of its border to the page or card that it lies on] of each selector. */
function borderContrasts(selectors) {
  const luminance = (color) => {
    const [r, g, b] = color
      .match(/[\d.]+/g)
      .slice(0, 3)
      .map((value) => value / 255)
      .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
  const probe = document.createElement("p");
  document.body.append(probe);
  const toRgb = (name) => {
    probe.style.color = style(name);
    return getComputedStyle(probe).color;
  };
  const grounds = [toRgb("--bg"), toRgb("--surface")];
  const result = selectors.map((selector) => {
    const line = getComputedStyle(document.querySelector(selector)).borderTopColor;
    const ratios = grounds.map((ground) => {
      const [low, high] = [luminance(line), luminance(ground)].sort((one, other) => one - other);
      return (high + 0.05) / (low + 0.05);
    });
    return [selector, Math.min(...ratios)];
  });
  probe.remove();
  return result;
}

/** The chosen options that are wider than their <select>. */
function findCutValues(selects) {
  const context = document.createElement("canvas").getContext("2d");
  const MARK = 24; // width of the arrow
  return selects
    .filter((select) => {
      const style = getComputedStyle(select);
      context.font = style.font;
      const padding = Number.parseFloat(style.paddingLeft) + Number.parseFloat(style.paddingRight);
      const width = context.measureText(select.selectedOptions[0].text).width;
      return width + padding + MARK > select.clientWidth;
    })
    .map((select) => select.selectedOptions[0].text);
}

/** Animated properties other than transform and opacity: these repaint each frame. */
function repaintingAnimations(page) {
  return page.evaluate(() =>
    document
      .getAnimations()
      .flatMap((animation) => animation.effect.getKeyframes().flatMap(Object.keys))
      .filter((name) => !/^(transform|opacity|rotate|offset|easing|composite|computedOffset)$/.test(name)),
  );
}

async function assertNoSideways(page) {
  const beyond = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement; // innerWidth grows with the content on a phone
    return scrollWidth - clientWidth;
  });
  assert.ok(beyond <= 0, `${beyond} px too wide`);
}

const MODES = {
  light: { ...DESKTOP, colorScheme: "light" },
  dark: { ...DESKTOP, colorScheme: "dark" },
  phone: { ...PHONE, colorScheme: "light" },
};

// Each in its own window, three at a time.
describe("the page", { concurrency: 3 }, () => {
  for (const [mode, options] of Object.entries(MODES)) {
    test(`${mode}: every view has no errors, is accessible and fits the screen`, async () => {
      const page = await open(browser, skepd, "#/", options);
      const rules = mode === "dark" ? ["color-contrast"] : null; // all other rules give the same result as in light mode
      for (const [name, route] of Object.entries(views)) {
        await page.goto(`${skepd.url}/${route}`);
        await settled(page);
        await assertNoSideways(page);
        assert.deepEqual(await axeFindings(page, rules), [], name);
        await screenshot(page, `${name}-${mode}`, mode !== "phone");
      }
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), options.colorScheme);
      await close(page);
    });
  }

  test("the picture of the overview in the README is a PNG below 200 KiB", async () => {
    const page = await open(browser, skepd);
    await settled(page);
    await page.waitForFunction(() => document.querySelectorAll(".event").length >= 5);
    await screenshot(page, "overview"); // copy it to PICTURE after a change of the page
    await close(page);
    const picture = fs.readFileSync(PICTURE);
    assert.equal(picture.toString("hex", 0, 8), PNG_SIGNATURE);
    assert.ok(picture.length < PICTURE_MAX, `${picture.length} bytes`);
  });

  test("a new tracker and the dialogs are accessible", async () => {
    const page = await open(browser, fresh);
    await page.getByText("Share a file in three steps").waitFor();
    await settled(page);
    assert.deepEqual(await axeFindings(page), []);
    await screenshot(page, "new-light");
    await page.getByRole("button", { name: "Show QR code" }).first().click();
    await page.waitForFunction(() => document.querySelector("dialog img").naturalWidth > 0);
    assert.deepEqual(await axeFindings(page), []);
    await screenshot(page, "qr-light", false);
    await close(page);
  });

  test("long names without spaces and right-to-left names fit on a phone", async () => {
    const odd = await Skepd.start();
    const page = await open(browser, odd, "#/torrents", PHONE);
    for (const [digit, name] of Object.entries(["w".repeat(127), "ملف كبير جدا (2026)"])) {
      const info_hash = digit.repeat(40);
      await fetch(`${odd.url}/api/v1/torrents`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ info_hash, name }),
      });
      await page.goto(`${odd.url}/#/torrents`);
      await page.getByRole("link", { name }).waitFor();
      await assertNoSideways(page);
      await page.goto(`${odd.url}/#/torrents/${info_hash}`);
      await page.getByRole("heading", { name }).waitFor();
      await assertNoSideways(page);
      await page.goto(`${odd.url}/#/manage`);
      await page.getByRole("button", { name: `Unregister ${name}` }).waitFor();
      await assertNoSideways(page);
      await screenshot(page, `odd-${digit}`, false);
    }
    await close(page);
    await odd.end();
  });

  test("the month is plotted, summarised and shown as a table", async () => {
    const page = await open(browser, skepd);
    await settled(page);
    await page.getByRole("button", { name: "30 days" }).click();
    const canvas = page.getByRole("img", { name: /^Statistics over time\. Seeders: .+ largest .+ at .+ Leechers:/ });
    await canvas.waitFor();
    await page.getByText("Show as table").click();
    const cells = page.locator(".plot-table tbody th");
    await page.waitForFunction(() =>
      /[A-Z][a-z]{2}/.test(document.querySelector(".plot-table tbody tr:last-child th")?.textContent ?? ""),
    );
    assert.ok((await cells.count()) > 10);
    await page.getByRole("button", { name: /^Client traffic/ }).click();
    await page.getByRole("heading", { name: "Client traffic, reported by clients" }).waitFor();
    await page.getByText("Show as table").click();
    await screenshot(page, "month-light");
    await close(page);
  });

  test("a torrent's counts are plotted as steps around the middle of their periods", async () => {
    const page = await open(browser, skepd, views.torrent);
    const drawn = () =>
      page.evaluate(() => {
        const { data, scales } = window.Chart.getChart(document.querySelector(".plot-card canvas"));
        const [{ stepped, data: points }] = data.datasets;
        return { stepped, points, end: scales.x.max };
      });
    await page.getByRole("button", { name: "24 hours" }).click();
    await page.waitForFunction(
      () =>
        window.Chart.getChart(document.querySelector(".plot-card canvas")).data.datasets[0]?.data.length >
        600,
    );
    const { stepped, points, end } = await drawn();
    assert.equal(stepped, "middle");
    assert.ok(points.every(({ x }) => x % 120 === 60));
    assert.ok(end >= points.at(-1).x + 60, "the line extends into the current period");
    await screenshot(page, "steps-light");
    await page.getByRole("button", { name: "Client traffic" }).click();
    await page.waitForFunction(
      () => !window.Chart.getChart(document.querySelector(".plot-card canvas")).data.datasets[0].stepped,
    );
    await page.route("**/history?range=month", (route) =>
      route.fulfill({
        json: {
          range: "month",
          period_s: 3600,
          samples: [{ ...HISTORY, at: Math.floor(Date.now() / 1000) - 4000 }],
        },
      }),
    );
    await page.getByRole("button", { name: "Peers" }).click();
    await page.getByRole("button", { name: "30 days" }).click();
    await page.getByText("Collecting data").waitFor();
    assert.equal(await page.locator(".plot-card canvas").isVisible(), false);
    await close(page);
  });

  test("a plot shows its whole range up to now, with current and largest values", async () => {
    const page = await open(browser, fresh);
    const seeder = new Peer(fresh, { left: 0 });
    await seeder.announce("started");
    await page.locator(".stat").first().waitFor();
    const axis = () =>
      page.evaluate(() => {
        const chart = window.Chart.getChart(document.querySelector(".plot-card canvas"));
        return { ...chart.scales.x, title: chart.scales.y.options.title.text };
      });
    const current = { ...HISTORY, at: Math.floor(Date.now() / 1000) - 60 }; // a period of an hour that has just begun
    await page.route("**/history?range=month", (route) =>
      route.fulfill({
        json: { range: "month", period_s: 3600, samples: [{ ...HISTORY, at: current.at - 3600 }, current] },
      }),
    );
    await page.getByRole("button", { name: "30 days" }).click();
    const beyond = await page.waitForFunction(() => {
      const points = window.Chart.getChart(document.querySelector(".plot-card canvas")).data.datasets[0].data;
      return points.length === 2 && { s: points[1].x - Date.now() / 1000 };
    });
    assert.ok((await beyond.jsonValue()).s < 60, "no sample lies in the future");
    for (const [choice, range_s] of [["24 hours", 86400], ["30 days", 30 * 86400], ["1 hour", 3600]]) {
      await page.getByRole("button", { name: choice }).click();
      await page.waitForFunction((range) => {
        const { x } = window.Chart.getChart(document.querySelector(".plot-card canvas")).scales;
        return Math.abs(x.max - x.min - range) < 1;
      }, range_s);
    }
    const { max, title } = await axis();
    assert.ok(Math.abs(max - Date.now() / 1000) < 60);
    assert.equal(title, "peers");
    await page.getByRole("img", { name: /No data before \d\d:\d\d\.$/ }).waitFor();
    assert.match(await page.locator(".legend li").first().textContent(), /Seeders1largest 1 at \d\d:\d\d/);
    await screenshot(page, "gap-light");
    await seeder.announce("stopped");
    await close(page);
  });

  test("the overview has its parts in order, and the announce URLs in a row that opens", async () => {
    const page = await open(browser, skepd);
    await settled(page);
    const tops = await page.evaluate(() =>
      [".headline", ".attention", ".stats", ".url-card", ".split", ".plot-card"].map(
        (part) => document.querySelector(part).getBoundingClientRect().top,
      ),
    );
    assert.deepEqual(tops, [...tops].sort((one, other) => one - other));
    assert.equal(await page.locator(".stat").count(), 4);
    await page.getByRole("heading", { name: "Busiest torrents" }).waitFor();
    const urls = page.locator(".url:visible");
    assert.equal(await urls.count(), 1);
    assert.ok((await page.locator(".url-card").boundingBox()).height < 80);
    await page.getByRole("button", { name: "Show all" }).click();
    await urls.nth(1).waitFor();
    await close(page);
  });

  test("rows are 44 px, 72 px on a phone, and the heading of a table stays in view", async () => {
    const page = await open(browser, skepd, "#/torrents");
    await settled(page);
    const heights = () =>
      page.locator("tbody > tr").evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
    assert.ok((await heights()).every((height) => Math.abs(height - 44) <= 1), await heights());
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    const heading = await page.getByRole("columnheader", { name: "Size" }).boundingBox();
    assert.ok(heading.y >= 0 && heading.y < 120, `heading at ${heading.y}`);
    await close(page);
    const phone = await open(browser, skepd, "#/torrents", PHONE);
    for (const route of ["#/torrents", "#/peers", views.torrent]) {
      await phone.goto(`${skepd.url}/${route}`);
      await settled(phone);
      if (route === views.torrent) await phone.getByRole("button", { name: "Peers", exact: true }).last().click();
      await phone.locator(".row-link").first().waitFor();
      const tall = await phone
        .locator("tbody > tr:visible")
        .evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
      assert.ok(tall.filter((height) => height <= 74).length >= 0.8 * tall.length, `${route}: ${tall}`);
    }
    await close(phone);
  });

  test("at 1024 px names have room, facts fill two rows, and no table exceeds its card", async () => {
    const page = await open(browser, skepd, "#/torrents", { viewport: { width: 1024, height: 800 } });
    await settled(page);
    const { width } = await page.locator("td, th").and(page.locator(".lead")).first().boundingBox();
    assert.ok(width >= 200, `name column of ${width} px`);
    await page.goto(`${skepd.url}/${views.torrent}`);
    await settled(page);
    const tops = await page.locator(".fact").evaluateAll((facts) => facts.map((fact) => fact.offsetTop));
    assert.deepEqual([0, 4].map((at) => tops.indexOf(tops[at])), [0, 4]);
    for (const route of Object.values(views)) {
      await page.goto(`${skepd.url}/${route}`);
      await settled(page);
      const tooWide = await page
        .locator(".table:visible")
        .evaluateAll((tables) => tables.filter((table) => table.offsetWidth > table.parentElement.clientWidth).length);
      assert.equal(tooWide, 0, route);
    }
    await close(page);
  });

  test("lines and borders have a contrast of 3:1", async () => {
    for (const colorScheme of ["light", "dark"]) {
      const page = await open(browser, skepd, "#/torrents", { colorScheme });
      await settled(page);
      const contrasts = await page.evaluate(borderContrasts, [".field", ".choice", ".table-frame", "tbody + tbody td"]);
      for (const [part, contrast] of contrasts) assert.ok(contrast >= 3, `${colorScheme}: ${part} ${contrast}`);
      await close(page);
    }
  });

  test("a finger hits every control, and a low window keeps no bar in view", async () => {
    const page = await open(browser, skepd, "#/", PHONE);
    for (const route of ["#/", "#/torrents", views.torrent, "#/peers", "#/manage"]) {
      await page.goto(`${skepd.url}/${route}`);
      await settled(page);
      const small = await page
        .locator("button:visible, select:visible, input:visible:not(.visually-hidden), summary:visible")
        .evaluateAll((controls) =>
          controls
            .filter((control) => control.getBoundingClientRect().height < 43.5)
            .map((control) => control.outerHTML.slice(0, 120)),
        );
      assert.deepEqual(small, [], route);
      assert.deepEqual(await page.locator("select:visible").evaluateAll(findCutValues), [], route);
    }
    await close(page);
    const low = await open(browser, skepd, "#/torrents", { viewport: { width: 800, height: 400 } });
    await settled(low);
    const sticky = await low.evaluate(() =>
      [...document.querySelectorAll("body *")]
        .filter((node) => /sticky|fixed/.test(getComputedStyle(node).position) && node.checkVisibility())
        .map((node) => node.className),
    );
    assert.deepEqual(sticky, ["notices"]);
    await close(low);
  });

  test("the chosen theme is stored", async () => {
    // A window of its own, as other tests clear the storage that they share.
    const page = await open(browser, skepd, "#/", { colorScheme: "light", locale: "en-IE" });
    await settled(page);
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    const changed = (from) =>
      page.waitForFunction((color) => getComputedStyle(document.body).backgroundColor !== color, from);
    await page.getByRole("button", { name: "Switch to dark theme" }).click();
    await changed(light);
    await page.reload();
    await settled(page);
    await changed(light);
    await close(page);
  });

  test("nothing is animated if the user prefers reduced motion", async () => {
    for (const reducedMotion of ["no-preference", "reduce"]) {
      const page = await open(browser, skepd, "#/", { reducedMotion });
      await settled(page);
      const moving = await page.evaluate(
        () => document.getAnimations().filter(({ playState }) => playState === "running").length,
      );
      assert.equal(moving > 0, reducedMotion === "no-preference");
      assert.deepEqual(await repaintingAnimations(page), []);
      await close(page);
    }
  });

  test("the page can be used by keyboard alone", async () => {
    const page = await open(browser, skepd);
    await settled(page);
    const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "Skip to content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await page.goto(`${skepd.url}/#/torrents`);
    await page.getByRole("heading", { name: "Torrents" }).waitFor();
    await page.locator("a.row-link").nth(3).waitFor();
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.type), "search");
    await page.keyboard.press("Escape");
    await page.locator("a.row-link").first().focus();
    await page.keyboard.press("ArrowDown");
    const second = await focused();
    assert.equal(second, await page.locator("a.row-link").nth(1).textContent());
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, "none");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: second }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1");
    await close(page);
  });
});
