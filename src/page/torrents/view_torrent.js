// One torrent: why it does not start, its figures, its peers, its past.

import { getJson, pathOf } from "../core/api.js";
import { makeCopyButton } from "../components/clipboard.js";
import { now } from "../core/clock.js";
import { createList, make, setAttribute, setFigure, setText, show } from "../core/dom.js";
import { RATE_LINES, SWARM_LINES } from "../core/figures.js";
import { ago, bytes, count, duration, few, fullTime, rate, shortHash, torrentName } from "../core/format.js";
import { healthReason, makeHealthBadge, makeReachHelp } from "../components/health.js";
import { icon } from "../core/icons.js";
import { createListing } from "../components/listing.js";
import { removeTorrent, renameTorrent } from "../manage/manage_torrents.js";
import { addressColumn, PEER_COLUMNS } from "../components/peer_columns.js";
import { createPlot } from "../components/plot.js";
import { fitsQr, makeQrButton } from "../components/qr.js";
import { transferRate } from "../core/rates.js";
import { goTo, linkTo } from "../core/router.js";
import { addSample, placeInPeriods } from "../core/samples.js";
import { createChoice } from "../components/toolbar.js";
import { makeFileLink, showFileLink } from "./torrent_tools.js";

const RANGES = [
  ["hour", "Hour"],
  ["day", "24 hours"],
  ["month", "30 days"],
];
const LINES = [
  ["swarm", "Peers"],
  ["rates", "Transfer"],
];
const HISTORY_MS = 10000;
const COMPLETIONS = 8;

export function createTorrent({ refreshNow, route }) {
  const infoHash = route.argument;
  const head = createHead(refreshNow);
  const diagnosis = make("ul", { class: "diagnosis", "aria-label": "What is wrong" });
  const showDiagnosis = createList(diagnosis, ({ code, text }) => code + text, createFinding);
  const facts = createFacts();
  const peers = createPeers(infoHash, refreshNow);
  const past = createPast(infoHash, refreshNow);
  const completions = createCompletions(infoHash);
  const node = make(
    "div",
    { class: "view" },
    head.node,
    diagnosis,
    facts.node,
    peers.node,
    make("div", { class: "split" }, past.node, completions.node),
  );

  async function refresh() {
    const [torrent] = await Promise.all([
      getJson(pathOf(["torrents", infoHash])),
      peers.refresh(),
      past.refresh(),
    ]);
    await completions.refresh(torrent.downloaded);
    head.show(torrent);
    show(diagnosis, torrent.diagnosis.length > 0);
    showDiagnosis(torrent.diagnosis);
    facts.show(torrent);
    past.add(torrent);
    view.title = torrentName(torrent);
  }

  const view = { node, title: shortHash(infoHash), refresh, update: ({ status }) => head.showMode(status.mode), leave: past.leave };
  return view;
}

function createHead(refreshNow) {
  let torrent = null;
  const title = make("h1", { class: "torrent-name" });
  const hash = make("code", { class: "hash" });
  const versions = make("p", { class: "note" });
  const badge = makeHealthBadge();
  const why = make("span", { class: "muted" });
  const magnet = make("a", { class: "button button-primary" }, icon("magnet"), "Magnet link");
  const file = makeFileLink(() => torrent, true);
  const qr = makeQrButton("magnet link", () => torrent.magnet, { wide: true });
  const copyMagnet = makeCopyButton("magnet link", () => torrent.magnet);
  const rename = make(
    "button",
    { type: "button", class: "button", onclick: () => renameTorrent(torrent, refreshNow) },
    icon("edit"),
    "Rename",
  );
  const remove = make(
    "button",
    {
      type: "button",
      class: "button button-danger-quiet",
      onclick: () => removeTorrent(torrent, () => goTo(linkTo("manage"))),
    },
    icon("remove"),
    "Remove",
  );
  const refused = make(
    "p",
    { class: "warning", hidden: true },
    icon("key"),
    make(
      "span",
      null,
      "This tracker is private. The magnet link, the QR code and the .torrent file have its bare announce URL, at which clients are refused: put one with a passkey in its place. ",
      make("a", { href: linkTo("manage") }, "Make a passkey"),
      " to see its URLs.",
    ),
  );
  const node = make(
    "header",
    { class: "torrent-head" },
    make("a", { class: "back-link", href: linkTo("torrents") }, icon("back"), "All torrents"),
    title,
    make(
      "p",
      { class: "hash-line" },
      hash,
      makeCopyButton("info_hash", () => torrent.info_hash),
    ),
    versions,
    make("p", { class: "health-line" }, badge.node, why),
    make(
      "div",
      { class: "button-row" },
      magnet,
      copyMagnet,
      file,
      qr,
      make("span", { class: "gap" }),
      rename,
      remove,
    ),
    refused,
  );
  return {
    node,
    showMode: (mode) => show(refused, mode === "private"),
    show(next) {
      torrent = next;
      setText(title, torrent.name || "Torrent without a known name");
      setText(hash, torrent.info_hash);
      const others = (torrent.versions ?? []).filter((version) => version !== torrent.info_hash);
      setText(versions, others.length ? `A hybrid torrent; its other version is ${others.join(", ")}.` : "");
      show(versions, others.length > 0);
      badge.update(torrent.health);
      setText(
        why,
        torrent.health === "idle" && torrent.idle_s
          ? `Nobody has been here for ${duration(torrent.idle_s)}.`
          : healthReason(torrent.health),
      );
      setAttribute(magnet, "href", torrent.magnet);
      showFileLink(file, torrent);
      show(qr, fitsQr(torrent.magnet));
      show(rename, torrent.registered);
      show(remove, torrent.registered);
    },
  };
}

function createFinding({ text }) {
  return { node: make("li", { class: "warning" }, icon("warning"), make("span", null, text)), update() {} };
}

const FACTS = [
  ["Seeders", (torrent) => count(torrent.seeders)],
  ["Leechers", (torrent) => count(torrent.leechers)],
  ["Completed", (torrent) => count(torrent.downloaded)],
  ["Transfer", (torrent) => rate(transferRate(torrent))],
  ["Size", (torrent) => bytes(torrent.size)],
  ["Registered", (torrent) => (torrent.registered ? (torrent.added ? ago(torrent.added) : "yes") : "no")],
];

function createFacts() {
  const values = FACTS.map(() => make("dd"));
  const node = make(
    "dl",
    { class: "facts" },
    FACTS.map(([label], index) => make("div", { class: "fact" }, make("dt", null, label), values[index])),
  );
  return {
    node,
    show: (torrent) => FACTS.forEach(([, say], index) => setFigure(values[index], say(torrent))),
  };
}

function createPeers(infoHash, refreshNow) {
  const listing = createListing({
    parts: ["torrents", infoHash, "peers"],
    noun: "peer",
    refreshNow,
    table: {
      caption: "Peers of this torrent",
      columns: [addressColumn, ...PEER_COLUMNS],
      key: (peer) => `${peer.address} ${peer.port}`,
      linkOf: (peer) => linkTo("peers", peer.address),
    },
    nothing: () => "Nobody is here now.",
  });
  const node = make(
    "section",
    { class: "card flush", "aria-labelledby": "peers-title" },
    make("div", { class: "card-head" }, make("h2", { id: "peers-title" }, "Peers"), listing.tally.node),
    listing.node,
    makeReachHelp(),
  );
  return { node, refresh: listing.refresh };
}

function createPast(infoHash, refreshNow) {
  const state = { range: "hour", lines: "swarm", asked_ms: 0, samples: null };
  const plot = createPlot("This torrent over time");
  const lines = createChoice("Figure", LINES, (chosen) => choose({ lines: chosen }));
  const ranges = createChoice("Time", RANGES, (range) => choose({ range, asked_ms: 0, samples: null }));
  const node = make(
    "section",
    { class: "card plot-card", "aria-labelledby": "past-title" },
    make("div", { class: "card-head" }, make("h2", { id: "past-title" }, "History"), lines.node, ranges.node),
    plot.node,
  );
  choose({});

  function choose(changes) {
    Object.assign(state, changes);
    lines.show(state.lines);
    ranges.show(state.range);
    draw();
    if (!state.samples) refreshNow();
  }

  function draw() {
    const rates = state.lines === "rates";
    const { range } = state;
    if (state.samples)
      plot.draw({
        lines: rates ? RATE_LINES : SWARM_LINES,
        words: rates ? rate : few,
        binary: rates,
        stepped: !rates,
        range,
        samples: state.samples,
      });
  }

  async function refresh() {
    if (state.samples && (state.range === "hour" || Date.now() - state.asked_ms < HISTORY_MS)) return;
    const { range } = state;
    const history = await getJson(pathOf(["torrents", infoHash, "history"], { range }));
    if (range === state.range)
      Object.assign(state, { samples: placeInPeriods(history), asked_ms: Date.now() });
  }

  /** The last hour grows by what the torrent does now. */
  function add(torrent) {
    if (state.range === "hour" && state.samples) addSample(state.samples, { ...torrent, at: now() });
    draw();
  }

  return { node, refresh, add, leave: plot.release };
}

/** Asked for anew for a while after one more has completed: they are written behind. */
function createCompletions(infoHash) {
  let known = -1,
    changed_ms = 0;
  const list = make("ol", { class: "completions" });
  const nothing = make("p", { class: "empty" }, "Nobody has completed it while the tracker took note.");
  const showItems = createList(list, (item) => `${item.at} ${item.address} ${item.port}`, createCompletion);
  const node = make(
    "section",
    { class: "card", "aria-labelledby": "completions-title" },
    make("div", { class: "card-head" }, make("h2", { id: "completions-title" }, "Who completed it")),
    nothing,
    list,
  );
  let items = [];
  return {
    node,
    async refresh(downloaded) {
      if (downloaded !== known) changed_ms = Date.now();
      known = downloaded;
      if (Date.now() - changed_ms < HISTORY_MS) {
        ({ items } = await getJson(pathOf(["torrents", infoHash, "completions"], { limit: COMPLETIONS })));
      }
      showItems(items);
      show(nothing, items.length === 0);
    },
  };
}

function createCompletion({ at, address, client }) {
  const time = make("time", { datetime: new Date(at * 1000).toISOString(), title: fullTime(at) });
  const node = make(
    "li",
    null,
    make("a", { href: linkTo("peers", address) }, address),
    make("span", { class: "muted" }, client),
    time,
  );
  return { node, update: () => setText(time, ago(at)) };
}
