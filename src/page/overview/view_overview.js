// The first view: all of the tracker at a glance.

import { createUrlCard } from "../components/announce_urls.js";
import { getJson, pathOf } from "../core/api.js";
import { createList, make, setFigure, setText, show } from "../core/dom.js";
import { createEventList } from "./events.js";
import { FIGURES } from "../core/figures.js";
import { count, counted, duration } from "../core/format.js";
import { createHive } from "../components/hive.js";
import { icon } from "../core/icons.js";
import { createPlot } from "../components/plot.js";
import { placeInPeriods } from "../core/samples.js";
import { createShareSteps } from "./share_steps.js";
import { createStatCards } from "./stat_cards.js";
import { createChoice } from "../components/toolbar.js";

const RANGES = [
  ["hour", "Live"],
  ["day", "24 hours"],
  ["month", "30 days"],
];
const STALE_MS = 60000;
const MODES = {
  open: "open to every torrent",
  listed: "open to registered torrents only",
  private: "open to those with a passkey only",
};

export function createOverview({ tracker, refreshNow }) {
  const isAdmin = tracker.known.session.role === "admin";
  const headline = createHeadline();
  const facts = make("p", { class: "hero-facts" });
  const hive = createHive();
  const warnings = make("ul", { class: "warnings" });
  const showWarnings = createList(warnings, (text) => text, createWarning);
  const urls = createUrlCard();
  const steps = createShareSteps();
  const past = { range: "hour", samples: null, asked_ms: 0 };
  const cards = createStatCards(chooseFigure);
  const ranges = createChoice("Time", isAdmin ? RANGES : RANGES.slice(0, 1), chooseRange);
  const plotTitle = make("h2", { id: "plot-title" });
  const plot = createPlot("Figures over time");
  const plotCard = make(
    "section",
    { class: "card plot-card", "aria-labelledby": "plot-title" },
    make("div", { class: "card-head" }, plotTitle, ranges.node),
    plot.node,
  );
  const events = createEventList();
  const eventsCard = make(
    "section",
    { class: "card events-card", "aria-labelledby": "events-title" },
    make("div", { class: "card-head" }, make("h2", { id: "events-title" }, "What happens now")),
    events.node,
  );
  const below = make("div", { class: isAdmin ? "split" : null }, plotCard, isAdmin ? eventsCard : null);
  const node = make(
    "div",
    { class: "view" },
    make("section", { class: "hero" }, make("div", { class: "hero-words" }, headline.node, facts), hive.node),
    warnings,
    isAdmin ? urls.node : null,
    isAdmin ? steps.node : null,
    cards.node,
    below,
  );
  let figure = FIGURES[0];
  hive.stir();
  chooseFigure(figure);
  ranges.show(past.range);

  function chooseFigure(chosen) {
    figure = chosen;
    cards.choose(figure);
    setText(plotTitle, figure.label);
    drawPlot();
  }

  function chooseRange(range) {
    Object.assign(past, { range, samples: null, asked_ms: 0 });
    ranges.show(range);
    refreshNow();
  }

  /** The day and the month come from the tracker's history; the last hour grows by itself. */
  async function refresh() {
    if (past.range === "hour" || Date.now() - past.asked_ms < STALE_MS) return;
    const { range } = past;
    const history = await getJson(pathOf(["history"], { range }));
    if (range === past.range)
      Object.assign(past, { samples: placeInPeriods(history), asked_ms: Date.now() });
  }

  function drawPlot() {
    const samples = past.range === "hour" ? tracker.known.samples : past.samples;
    const { lines, words, binary } = figure;
    if (samples) plot.draw({ lines, words, binary, range: past.range, samples });
  }

  function update({ status, samples, events: happened, news }) {
    const { totals } = status;
    const untouched = totals.torrents === 0 && !(totals.announces > 0);
    headline.show(totals);
    setText(facts, sayFacts(status));
    hive.show(totals.seeders, totals.leechers);
    if (news) hive.stir();
    showWarnings(status.warnings ?? []);
    show(warnings, Boolean(status.warnings?.length));
    urls.show(status.urls ?? [], status.mode);
    steps.show(status.urls ?? [], status.mode);
    show(steps.node, untouched);
    show(cards.node, !untouched);
    show(below, !untouched);
    cards.show(totals, samples);
    events.show(happened);
    drawPlot();
  }

  return { node, title: "Overview", refresh, update, leave: plot.release };
}

/** The sentence that says it all; its figures stand out. */
function createHeadline() {
  const node = make("h1", { class: "headline" });
  const figures = [];
  return {
    node,
    show(totals) {
      const parts = sayTotals(totals);
      const shape = parts.filter((part) => typeof part === "string").join("|");
      if (node.dataset.shape !== shape) {
        node.dataset.shape = shape;
        figures.length = 0;
        node.replaceChildren(...parts.map((part) => (typeof part === "string" ? part : addFigure(figures))));
      }
      parts
        .filter((part) => typeof part !== "string")
        .forEach((value, index) => setFigure(figures[index], count(value)));
    },
  };
}

function addFigure(figures) {
  const node = make("span", { class: "headline-figure" });
  figures.push(node);
  return node;
}

function sayTotals({ torrents, seeders, leechers }) {
  const some = (value, word) => [value, `\u00a0${word}${value === 1 ? "" : "s"}`];
  if (torrents === 0) return ["The hive is ready. Nobody is here yet."];
  if (seeders + leechers === 0) return [...some(torrents, "torrent"), ", and nobody is here now."];
  if (seeders === 0)
    return [
      ...some(leechers, "leecher"),
      leechers === 1 ? " waits" : " wait",
      " for a seeder of ",
      ...some(torrents, "torrent"),
      ".",
    ];
  if (leechers === 0)
    return [
      ...some(seeders, "seeder"),
      seeders === 1 ? " offers " : " offer ",
      ...some(torrents, "torrent"),
      ".",
    ];
  return [
    ...some(seeders, "seeder"),
    " and ",
    ...some(leechers, "leecher"),
    " share ",
    ...some(torrents, "torrent"),
    ".",
  ];
}

function sayFacts({ mode, interval_s, totals, checks }) {
  const checked = (checks?.reachable ?? 0) + (checks?.firewalled ?? 0);
  const parts = [
    mode && `This tracker is ${MODES[mode] ?? mode}`,
    interval_s && `clients come back every ${duration(interval_s)}`,
    totals.downloaded ? `${count(totals.downloaded)} downloads completed` : null,
    checked > 0 && sayReach(checks.firewalled, checked),
  ];
  return parts.filter(Boolean).join(" · ");
}

function sayReach(firewalled, checked) {
  if (firewalled > 0) return `${count(firewalled)} of ${counted(checked, "checked peer")} firewalled`;
  return checked === 1
    ? "the one checked peer is reachable"
    : `all ${count(checked)} checked peers are reachable`;
}

function createWarning(text) {
  return { node: make("li", { class: "warning" }, icon("warning"), make("span", null, text)), update() {} };
}
