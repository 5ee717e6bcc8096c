// One torrent: health, diagnosis, totals, history, completions and peers. On a phone they are tabs.

import { apiPath, getJson } from "../core/api.js";
import { now } from "../core/clock.js";
import { createList, make, setAttribute, setText, show } from "../core/dom.js";
import {
  ago,
  bytes,
  count,
  duration,
  fullTime,
  rate,
  roundedNumber,
  shortHash,
  torrentName,
} from "../core/format.js";
import { icon } from "../core/icons.js";
import { goTo, linkTo } from "../core/router.js";
import { addSample, placeInPeriods } from "../core/samples.js";
import { RATE_SERIES, SWARM_SERIES } from "../core/stat_definitions.js";
import { makeBackLink } from "../components/back_link.js";
import { healthHint, makeHealthBadge, makeReachHelp } from "../components/badges.js";
import { makeCopyButton } from "../components/clipboard.js";
import { createListing, makeToolbar } from "../components/listing.js";
import { createFacts, createWarnings, makeCard } from "../components/panels.js";
import { addressColumn, PEER_COLUMNS } from "../components/peer_columns.js";
import { makeRecordedAddress } from "../components/recorded_address.js";
import { createPlot, RANGES } from "../components/plot.js";
import { fitsQr, makeQrButton } from "../components/qr.js";
import { createChoice } from "../components/toolbar.js";
import { blockTorrent, unblockTorrent } from "../components/blocks.js";
import { removeTorrent, renameTorrent } from "../components/torrent_actions.js";
import { createFileLink } from "./torrent_tools.js";

const PLOTS = [
  ["swarm", "Peers"],
  ["rates", "Client traffic"],
];
const PARTS = [
  ["facts", "Facts"],
  ["history", "History"],
  ["peers", "Peers"],
];
const PEERS_PER_PAGE = 20;
const PEER_FILTERS = [
  ["all", "All"],
  ["seeders", "Seeders"],
  ["leechers", "Leechers"],
  ["unreachable", "Firewalled"],
  ["outside", "Outside"],
];
const HISTORY_MAX_AGE_MS = 10000;
const COMPLETIONS_MAX = 8;

export function createTorrent({ refreshNow, route }) {
  const infoHash = route.argument;
  const head = createHead(refreshNow);
  const diagnosis = createWarnings("Diagnosis");
  const facts = createFacts(FACTS);
  const peers = createPeers(infoHash, refreshNow);
  const history = createHistory(infoHash, refreshNow);
  const completions = createCompletions(infoHash);
  const parts = createChoice("Part of the page", PARTS, showPart, true);
  const node = make(
    "div",
    { class: "view parts" },
    head.node,
    diagnosis.node,
    make("div", { class: "part-tabs" }, parts.node),
    makePart("facts", facts.node),
    makePart("history", make("div", { class: "split" }, history.node, completions.node)),
    makePart("peers", peers.node),
  );
  showPart("facts");

  /** Only on a phone is a single part shown. */
  function showPart(part) {
    node.dataset.part = part;
    parts.show(part);
  }

  async function refresh() {
    const [torrent] = await Promise.all([
      getJson(apiPath(["torrents", infoHash])),
      peers.refresh(),
      history.refresh(),
    ]);
    await completions.refresh(torrent.downloaded);
    head.show(torrent);
    diagnosis.show(torrent.diagnosis.map(({ text }) => text));
    facts.show(torrent);
    history.add(torrent);
    view.title = torrentName(torrent);
  }

  const view = {
    node,
    title: shortHash(infoHash),
    refresh,
    update: ({ status }) => head.showMode(status.mode),
    leave: history.leave,
  };
  return view;
}

const makePart = (name, content) => make("div", { class: "part", "data-part": name }, content);

function createHead(refreshNow) {
  let torrent = null;
  const title = make("h1", { class: "torrent-name" });
  const hash = make("code", { class: "hash" });
  const versions = make("p", { class: "note" });
  const path = make("p", { class: "note" });
  const badge = makeHealthBadge();
  const hint = make("span", { class: "muted" });
  const magnet = make("a", { class: "button button-primary" }, icon("magnet"), "Magnet link");
  const file = createFileLink(true);
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
    "Unregister",
  );
  const block = make(
    "button",
    {
      type: "button",
      class: "button button-danger-quiet",
      onclick: () => blockTorrent(torrent, refreshNow),
    },
    icon("remove"),
    "Block",
  );
  const unblock = make(
    "button",
    { type: "button", class: "button", onclick: () => unblockTorrent(torrent, refreshNow) },
    "Unblock",
  );
  const blockedHint = make("p", { class: "warning", hidden: true });
  const privateHint = make(
    "p",
    { class: "warning", hidden: true },
    icon("key"),
    make(
      "span",
      null,
      "The magnet link, the QR code and the .torrent file contain the announce URL without a passkey, which this private tracker rejects. Replace it with an announce URL with a passkey. ",
      make("a", { href: linkTo("manage") }, "Create a passkey"),
    ),
  );
  const node = make(
    "header",
    { class: "torrent-head" },
    makeBackLink("torrents", "All torrents"),
    title,
    make(
      "p",
      { class: "hash-line" },
      hash,
      makeCopyButton("info_hash", () => torrent.info_hash),
    ),
    versions,
    path,
    make("p", { class: "health-line" }, badge.node, hint),
    make(
      "div",
      { class: "button-row" },
      magnet,
      copyMagnet,
      file.node,
      qr,
      make("span", { class: "gap" }),
      rename,
      remove,
      block,
      unblock,
    ),
    blockedHint,
    privateHint,
  );
  return {
    node,
    showMode: (mode) => show(privateHint, mode === "private"),
    show(next) {
      torrent = next;
      setText(title, torrent.name || "Unnamed torrent");
      setAttribute(title, "data-unnamed", !torrent.name);
      setText(hash, torrent.info_hash);
      const others = (torrent.versions ?? []).filter((version) => version !== torrent.info_hash);
      setText(versions, others.length ? `Hybrid torrent. Other info_hash: ${others.join(", ")}` : "");
      show(versions, others.length > 0);
      setText(path, torrent.path ? `Registered by the file ${torrent.path}` : "");
      show(path, Boolean(torrent.path));
      badge.update(torrent.health);
      setText(hint, formatHint(torrent));
      setAttribute(magnet, "href", torrent.magnet);
      file.show(torrent);
      show(qr, fitsQr(torrent.magnet));
      const byHand = torrent.registered && !torrent.path;
      show(rename, byHand || !torrent.registered);
      setText(rename.lastChild, torrent.name ? "Rename" : "Name");
      show(remove, byHand);
      const blocked = torrent.blocked ?? null;
      show(block, blocked === null);
      show(unblock, blocked !== null);
      show(blockedHint, blocked !== null);
      setText(
        blockedHint,
        `Blocked: announces are rejected${blocked ? ` with the reason “${blocked}”` : ""}.`,
      );
    },
  };
}

/** What the badge means, unless the diagnosis says so. */
function formatHint({ health, idle_s, diagnosis }) {
  if (diagnosis.length > 0) return "";
  return health === "idle" && idle_s ? `No peers for ${duration(idle_s)}.` : healthHint(health);
}

const FACTS = [
  ["Seeders", (torrent) => count(torrent.seeders)],
  ["Leechers", (torrent) => count(torrent.leechers)],
  ["Completed", (torrent) => count(torrent.downloaded)],
  ["↑ Upload", (torrent) => rate(torrent.upload_rate)],
  ["↓ Download", (torrent) => rate(torrent.download_rate)],
  ["Size", (torrent) => bytes(torrent.size)],
  ["Registered", (torrent) => (torrent.registered ? (torrent.added ? ago(torrent.added) : "Yes") : "No")],
];

function createPeers(infoHash, refreshNow) {
  const filter = createChoice("Filter", PEER_FILTERS, (show) => listing.set({ show }));
  const listing = createListing({
    parts: ["torrents", infoHash, "peers"],
    noun: "peer",
    pageSize: PEERS_PER_PAGE,
    state: { sort: "role", order: "asc", show: "all" },
    search: { label: "Search peers of this torrent", placeholder: "Address, name or client" },
    refreshNow,
    onState: ({ show }) => filter.show(show),
    table: {
      caption: "Peers of this torrent",
      columns: [addressColumn, ...PEER_COLUMNS],
      key: (peer) => `${peer.address} ${peer.port}`,
      linkOf: (peer) => linkTo("peers", peer.address),
    },
    emptyText: ({ search, show }) => (search || show !== "all" ? "No peers match." : "No peers."),
  });
  const node = makeCard(
    "Peers",
    { style: "flush", head: listing.tally },
    makeToolbar(listing, filter),
    listing.node,
    makeReachHelp(),
  );
  return { node, refresh: listing.refresh };
}

function createHistory(infoHash, refreshNow) {
  const state = { range: "hour", plotted: "swarm", loaded_ms: 0, samples: null };
  const plot = createPlot("History of this torrent");
  const plots = createChoice("Plot", PLOTS, (plotted) => choose({ plotted }));
  const ranges = createChoice("Time range", RANGES, (range) =>
    choose({ range, loaded_ms: 0, samples: null }),
  );
  const node = makeCard("History", { style: "plot-card", head: [plots.node, ranges.node] }, plot.node);
  choose({});

  function choose(changes) {
    Object.assign(state, changes);
    plots.show(state.plotted);
    ranges.show(state.range);
    draw();
    if (!state.samples) refreshNow();
  }

  function draw() {
    const { plotted, range, samples } = state;
    if (!samples) return;
    if (plotted === "rates") plot.draw({ series: RATE_SERIES, format: rate, binary: true, range, samples });
    else plot.draw({ series: SWARM_SERIES, format: roundedNumber, unit: "peers", stepped: true, range, samples });
  }

  async function refresh() {
    const { range } = state;
    if (state.samples && (range === "hour" || Date.now() - state.loaded_ms < HISTORY_MAX_AGE_MS)) return;
    const samples = placeInPeriods(await getJson(apiPath(["torrents", infoHash, "history"], { range })));
    if (range === state.range) Object.assign(state, { samples, loaded_ms: Date.now() });
  }

  /** Appends the current values to the samples of the last hour. */
  function add(torrent) {
    if (state.range === "hour" && state.samples) addSample(state.samples, { ...torrent, at: now() });
    draw();
  }

  return { node, refresh, add, leave: plot.release };
}

/** The tracker writes completions with a delay: the list is loaded repeatedly after each new one. */
function createCompletions(infoHash) {
  let lastCount = -1,
    changed_ms = 0,
    items = [];
  const list = make("ol", { class: "completions" });
  const empty = make("p", { class: "empty" }, "No completions recorded.");
  const showItems = createList(list, (item) => `${item.at} ${item.address} ${item.port} ${item.client}`, createCompletion);
  const node = makeCard("Completed by", {}, empty, list);
  return {
    node,
    async refresh(downloaded) {
      if (downloaded !== lastCount) changed_ms = Date.now();
      lastCount = downloaded;
      if (Date.now() - changed_ms < HISTORY_MAX_AGE_MS) {
        ({ items } = await getJson(
          apiPath(["torrents", infoHash, "completions"], { limit: COMPLETIONS_MAX }),
        ));
      }
      showItems(items);
      show(empty, items.length === 0);
    },
  };
}

function createCompletion({ at, address, machine, client }) {
  const time = make("time", { datetime: new Date(at * 1000).toISOString(), title: fullTime(at) });
  const node = make(
    "li",
    null,
    makeRecordedAddress(address, machine),
    make("span", { class: "muted" }, client),
    time,
  );
  return { node, update: () => setText(time, ago(at)) };
}
