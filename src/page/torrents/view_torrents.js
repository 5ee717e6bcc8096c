// All torrents: search, sort, choose, page.

import { make } from "../core/dom.js";
import { bytes, count, rateOrDash } from "../core/format.js";
import { makeHealthBadge } from "../components/health.js";
import { createListing } from "../components/listing.js";
import { transferRate } from "../core/rates.js";
import { rememberQuery } from "../core/router.js";
import { badgeCell, figureCell, textCell } from "../components/table.js";
import { createChoice } from "../components/toolbar.js";
import { torrentColumn, torrentLink } from "../components/torrent_column.js";
import { torrentTools } from "./torrent_tools.js";

const SHOWN = [
  ["all", "All"],
  ["active", "Active"],
  ["registered", "Registered"],
  ["unseeded", "No seeder"],
];
const FIRST = { search: "", sort: "leechers", order: "desc", show: "all", page: 1 };

export function createTorrents({ refreshNow, route }) {
  const choice = createChoice("Which torrents", SHOWN, (show) => listing.set({ show }));
  const listing = createListing({
    parts: ["torrents"],
    noun: "torrent",
    state: readState(route.query),
    refreshNow,
    search: { label: "Search torrents", placeholder: "Name or info_hash" },
    table: { caption: "Torrents", columns: COLUMNS, key: (torrent) => torrent.info_hash, linkOf: torrentLink },
    showState: (state) => choice.show(state.show),
    changed: (state) => rememberQuery("torrents", writeState(state)),
    nothing: sayNothing,
  });
  const node = make(
    "div",
    { class: "view" },
    make("header", { class: "view-head" }, make("h1", null, "Torrents"), listing.tally.node),
    make("div", { class: "toolbar" }, listing.search.node, choice.node, listing.table.chooser),
    listing.node,
  );
  return {
    node,
    title: "Torrents",
    refresh: listing.refresh,
    update() {},
    reroute: (next) => listing.set(readState(next.query)),
  };
}

const COLUMNS = [
  torrentColumn,
  {
    label: "Size",
    sort: "size",
    descending: true,
    numeric: true,
    build: textCell((torrent) => bytes(torrent.size)),
  },
  {
    label: "Seeders",
    sort: "seeders",
    descending: true,
    numeric: true,
    build: figureCell((torrent) => count(torrent.seeders)),
  },
  {
    label: "Leechers",
    sort: "leechers",
    descending: true,
    numeric: true,
    build: figureCell((torrent) => count(torrent.leechers)),
  },
  {
    label: "Completed",
    sort: "downloaded",
    descending: true,
    numeric: true,
    build: figureCell((torrent) => count(torrent.downloaded)),
  },
  {
    label: "Rate",
    sort: "rate",
    descending: true,
    numeric: true,
    build: textCell((torrent) => rateOrDash(transferRate(torrent))),
  },
  { label: "Health", sort: "health", build: badgeCell(makeHealthBadge, (torrent) => torrent.health) },
  { label: "Actions", hideLabel: true, build: torrentTools },
];

function readState(query) {
  return {
    search: query.get("search") ?? FIRST.search,
    sort: query.get("sort") ?? FIRST.sort,
    order: query.get("order") ?? FIRST.order,
    show: query.get("show") ?? FIRST.show,
    page: Math.max(1, Number.parseInt(query.get("page") ?? "1", 10) || 1),
  };
}

/** Only what differs from the beginning. */
function writeState(state) {
  return Object.fromEntries(Object.entries(state).filter(([name, value]) => value !== FIRST[name]));
}

function sayNothing({ search, show }) {
  if (search) return `No torrent has “${search}” in its name, or an info_hash that begins so.`;
  if (show === "unseeded") return "Every torrent that somebody wants has a seeder.";
  if (show === "active") return "Nobody is here now.";
  if (show === "registered")
    return "No torrent is registered. Drop .torrent files anywhere on this page to register them.";
  return "There are no torrents yet. They come with the first announce.";
}
