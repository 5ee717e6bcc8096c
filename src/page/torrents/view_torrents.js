// The list of all torrents.

import { rememberQuery } from "../core/router.js";
import { makeHealthBadge } from "../components/badges.js";
import { createListing, makeListView, readListState, writeListState } from "../components/listing.js";
import { badgeCell } from "../components/table.js";
import { createChoice } from "../components/toolbar.js";
import {
  countColumn,
  leechersColumn,
  nameColumn,
  trafficColumn,
  seedersColumn,
  sizeColumn,
  torrentLink,
} from "../components/torrent_columns.js";
import { buildTorrentTools } from "./torrent_tools.js";

const FILTERS = [
  ["all", "All"],
  ["active", "With peers"],
  ["registered", "Registered"],
  ["unnamed", "Unnamed"],
  ["unseeded", "No seeders"],
  ["stuck", "Seeders firewalled"],
  ["weak", "One seeder"],
  ["idle", "Idle"],
];
const DEFAULTS = { search: "", sort: "leechers", order: "desc", show: "all", page: 1, size: null };
const COLUMNS = [
  nameColumn,
  sizeColumn,
  seedersColumn,
  leechersColumn,
  countColumn("Completed", "downloaded", "hide"),
  trafficColumn,
  {
    label: "Health",
    sort: "health",
    phone: "first",
    build: badgeCell(makeHealthBadge, (torrent) => torrent.health),
  },
  { label: "Actions", hideLabel: true, phone: "hide", build: buildTorrentTools },
];

export function createTorrents({ refreshNow, route }) {
  const filter = createChoice("Filter", FILTERS, (show) => listing.set({ show }));
  const listing = createListing({
    parts: ["torrents"],
    noun: "torrent",
    state: readListState(route.query, DEFAULTS),
    refreshNow,
    search: { label: "Search torrents", placeholder: "Name or info_hash" },
    table: {
      caption: "Torrents",
      columns: COLUMNS,
      key: (torrent) => torrent.info_hash,
      linkOf: torrentLink,
    },
    onState: (state) => filter.show(state.show),
    onChange: (state) => rememberQuery("torrents", writeListState(state, DEFAULTS)),
    emptyText,
  });
  return {
    node: makeListView("Torrents", listing, filter),
    title: "Torrents",
    refresh: listing.refresh,
    update() {},
    reroute: (next) => listing.set(readListState(next.query, DEFAULTS)),
  };
}

function emptyText({ search, show }) {
  if (search) return `No torrents match “${search}”.`;
  if (show === "unseeded") return "All torrents with leechers have a seeder.";
  if (show === "stuck") return "No torrents with firewalled seeders only.";
  if (show === "weak") return "No torrents with leechers and a single seeder.";
  if (show === "idle") return "All torrents have peers.";
  if (show === "unnamed") return "All torrents have a name.";
  if (show === "active") return "No torrents with peers.";
  if (show === "registered")
    return "No registered torrents. Drop .torrent files anywhere on this page to register them.";
  return "No torrents yet. A torrent appears with its first announce.";
}
