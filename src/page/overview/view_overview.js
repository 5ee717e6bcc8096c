// The overview: headline, warnings, announce URLs, totals, busiest torrents, activity, plot.

import { apiPath, getJson } from "../core/api.js";
import { make, setLiveText, setText, show } from "../core/dom.js";
import { count, duration, pluralize } from "../core/format.js";
import { placeInPeriods } from "../core/samples.js";
import { STATS } from "../core/stat_definitions.js";
import { createUrlCard } from "../components/announce_urls.js";
import { createWarnings, makeCard } from "../components/panels.js";
import { createPlot, RANGES } from "../components/plot.js";
import { createChoice } from "../components/toolbar.js";
import { createAttention } from "./attention.js";
import { createBusiestTorrents } from "./busiest_torrents.js";
import { createCountSearch } from "./count_search.js";
import { createEventList } from "./events.js";
import { createHiveIllustration } from "./hive_illustration.js";
import { createShareSteps } from "./share_steps.js";
import { countSetAside } from "./set_aside.js";
import { createStatCards } from "./stat_cards.js";

const HISTORY_MAX_AGE_MS = 60000;
const MODES = {
  open: "All torrents allowed",
  listed: "Registered torrents only",
  private: "Passkey required",
};

export function createOverview({ tracker, refreshNow }) {
  const isAdmin = tracker.state.session.role === "admin";
  const headline = createHeadline();
  const facts = make("p", { class: "hero-facts" });
  const hive = createHiveIllustration();
  const warnings = createWarnings("Warnings"); // of a tracker without peers; later they are in `attention`
  const attention = createAttention(refreshNow);
  const urls = createUrlCard();
  const steps = createShareSteps();
  const search = createCountSearch();
  const history = { range: "hour", samples: null, loaded_ms: 0 };
  const cards = createStatCards(chooseStat);
  const ranges = createChoice("Time range", isAdmin ? RANGES : RANGES.slice(0, 1), chooseRange);
  const plotTitle = make("span");
  const plot = createPlot("Statistics over time");
  const plotCard = makeCard(plotTitle, { style: "plot-card", head: ranges.node }, plot.node);
  const events = createEventList();
  const busiest = createBusiestTorrents();
  const eventsCard = makeCard("Activity", { style: "events-card", head: events.held }, events.node);
  const split = make("div", { class: "split" }, busiest.node, eventsCard);
  const node = make(
    "div",
    { class: "view" },
    make("section", { class: "hero" }, make("div", { class: "hero-text" }, headline.node, facts), hive.node),
    warnings.node,
    isAdmin
      ? [attention.node, cards.node, urls.node, steps.node, split]
      : [urls.node, search.node, cards.node],
    plotCard,
  );
  let stat = STATS[0];
  let firstRun = false; // the steps stay while the first client arrives
  hive.animate();
  chooseStat(stat);
  ranges.show(history.range);

  function chooseStat(chosen) {
    stat = chosen;
    cards.choose(stat);
    setText(plotTitle, stat.title ?? stat.label);
    drawPlot();
  }

  function chooseRange(range) {
    Object.assign(history, { range, samples: null, loaded_ms: 0 });
    ranges.show(range);
    refreshNow();
  }

  /** Loads the day and the month. The samples of the last hour are kept by the tracker's state. */
  async function refresh() {
    await Promise.all([isAdmin ? busiest.refresh() : null, refreshHistory()]);
  }

  async function refreshHistory() {
    if (history.range === "hour" || Date.now() - history.loaded_ms < HISTORY_MAX_AGE_MS) return;
    const { range } = history;
    const samples = placeInPeriods(await getJson(apiPath(["history"], { range })));
    if (range === history.range) Object.assign(history, { samples, loaded_ms: Date.now() });
  }

  function drawPlot() {
    const { range } = history;
    const samples = range === "hour" ? tracker.state.samples : history.samples;
    const { series, format, unit, binary } = stat;
    if (samples) plot.draw({ series, format, unit, binary, range, samples });
  }

  function update({ status, samples, events: recentEvents, newEvents }) {
    const { totals } = status;
    const idle = totals.swarms === 0 && !(totals.announces > 0);
    const unused = idle && !status.had_peers;
    headline.show(status);
    setText(facts, formatFacts(status));
    hive.show(totals.seeders, totals.leechers);
    if (newEvents) hive.animate();
    const calm = unused && countSetAside(status) === 0;
    warnings.show(calm ? (status.warnings ?? []) : []);
    attention.show(status);
    show(attention.node, !calm);
    urls.show(status.urls ?? [], status.mode, { asRow: isAdmin && !unused, isAdmin });
    show(urls.node, isAdmin || status.urls?.length > 0);
    show(search.node, status.mode !== "private");
    firstRun ||= unused;
    if (firstRun) steps.show({ status, events: recentEvents });
    show(steps.node, firstRun);
    show(cards.node, !unused);
    show(split, !unused);
    show(plotCard, !unused);
    cards.show(totals, samples);
    events.show(recentEvents);
    drawPlot();
  }

  return { node, title: "Overview", refresh, update, leave: plot.release };
}

/** A sentence with the totals. Its numbers stand out and are updated in place. */
function createHeadline() {
  const node = make("h1", { class: "headline" });
  let numbers = [];
  return {
    node,
    show(status) {
      const parts = headlineParts(status);
      const sentence = parts.filter((part) => typeof part === "string").join("|");
      if (node.dataset.sentence !== sentence) {
        node.dataset.sentence = sentence;
        node.replaceChildren(
          ...parts.map((part) =>
            typeof part === "string" ? part : make("span", { class: "headline-number" }),
          ),
        );
        numbers = [...node.children];
      }
      parts
        .filter((part) => typeof part !== "string")
        .forEach((value, index) => setLiveText(numbers[index], count(value)));
    },
  };
}

/** The headline as numbers and the texts between them. */
function headlineParts({ totals, had_peers }) {
  const { torrents, seeders, leechers, announces } = totals;
  const some = (value, noun) => [value, `\u00a0${noun}${value === 1 ? "" : "s"}`];
  if (had_peers && seeders + leechers === 0 && announces === 0) return ["No peers since the restart."];
  if (torrents === 0) return ["Ready. No peers yet."];
  if (seeders + leechers === 0) return [...some(torrents, "torrent"), ", no peers."];
  return [
    ...some(seeders, "seeder"),
    " and ",
    ...some(leechers, "leecher"),
    " in ",
    ...some(torrents, "torrent"),
    ".",
  ];
}

const BEHIND_MS = 1000;

/** The nodes that are alive, and what keeps this one from knowing all changes. */
function clusterFact({ nodes, alive, ready, connected, behind_ms }) {
  const state = !connected
    ? ", engine not connected"
    : !ready
      ? ", joining"
      : behind_ms >= BEHIND_MS
        ? `, this node ${duration(behind_ms / 1000)} behind`
        : "";
  return `Cluster: ${count(alive)} of ${pluralize(nodes, "node")}${state}`;
}

function formatFacts({ mode, interval_s, totals, machines, had_peers, cluster, dht }) {
  const isLost = had_peers && totals.peers === 0 && totals.announces === 0;
  const facts = [
    isLost && "The peers from before the restart are gone. Clients announce again by themselves",
    totals.torrents > 0 && `${count(totals.torrents_active)} of ${pluralize(totals.torrents, "torrent")} active`,
    machines?.total > 0 && `${pluralize(machines.total, "machine")}, ${pluralize(totals.peers, "peer")}`,
    mode && (MODES[mode] ?? mode),
    interval_s && `Announce interval ${duration(interval_s)}`,
    cluster && clusterFact(cluster),
    dht?.running && `DHT: ${pluralize(dht.nodes, "node")}`,
  ];
  return facts.filter(Boolean).join(" · ");
}
