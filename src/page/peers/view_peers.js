// Peers, grouped by address or by torrent.

import { apiPath, getJson } from "../core/api.js";
import { createList, make, setText } from "../core/dom.js";
import { ago, percent, pluralize, torrentName } from "../core/format.js";
import { linkTo, rememberQuery } from "../core/router.js";
import { makeReachBadge, reachOfAddress } from "../components/badges.js";
import { createListing, makeListView, readListState, writeListState } from "../components/listing.js";
import { machineName } from "../components/machines.js";
import { roleOf } from "../components/peer_columns.js";
import { badgeCell, linkCell, textCell } from "../components/table.js";
import { createChoice } from "../components/toolbar.js";
import {
  countColumn,
  leechersColumn,
  nameColumn,
  trafficColumn,
  seedersColumn,
  torrentLink,
} from "../components/torrent_columns.js";

const PEERS_MAX = 50; // in an expanded row
const GROUPINGS = [
  ["address", "By address"],
  ["torrent", "By torrent"],
];
const FILTERS = [
  ["all", "All"],
  ["unreachable", "Firewalled"],
  ["outside", "Outside"],
];

export function createPeersView({ refreshNow, route }) {
  const by = route.query.get("by") === "torrent" ? "torrent" : "address";
  const { defaults, listing: options } = LISTS[by];
  const choose = (next) => {
    if (next !== by) location.hash = linkTo("peers", null, { by: next === "address" ? null : next });
  };
  const choice = createChoice("Group by", GROUPINGS, choose, true);
  const filter = by === "address" && createChoice("Filter", FILTERS, (show) => listing.set({ show }));
  const listing = createListing({
    ...options,
    onState: (state) => filter && filter.show(state.show),
    state: readListState(route.query, defaults),
    refreshNow,
    onChange: (state) =>
      rememberQuery("peers", { by: by === "address" ? null : by, ...writeListState(state, defaults) }),
  });
  choice.show(by);
  return {
    node: makeListView("Peers", listing, ...[filter, { node: choice.node }].filter(Boolean)),
    title: "Peers",
    refresh: listing.refresh,
    update() {},
    reroute: (next) => listing.set(readListState(next.query, defaults)),
  };
}

const expandColumn = {
  label: "Details",
  hideLabel: true,
  phone: "first",
  build: (cell) => {
    cell.append(make("span", { class: "disclose-place" }));
    return () => {};
  },
};

const addressLink = (item) => linkTo("peers", item.address);

const LISTS = {
  address: {
    defaults: { search: "", sort: "address", order: "asc", show: "all", page: 1, size: null },
    listing: {
      parts: ["addresses"],
      noun: "machine",
      tallyOf: ({ total, peers }) => `${pluralize(total, "machine")}, ${pluralize(peers, "peer")}`,
      search: { label: "Search peers", placeholder: "Address, name or client" },
      emptyText: ({ search, show }) => {
        if (search) return `No addresses, names or clients match “${search}”.`;
        return { unreachable: "No firewalled machines.", outside: "No machines outside the local network." }[show] ?? "No peers.";
      },
      table: {
        caption: "Addresses of peers",
        key: (item) => item.address,
        linkOf: addressLink,
        detail: () => createShares(loadTorrents, createTorrentShare),
        detailLabel: (item) => `Torrents of ${item.address}`,
        columns: [
          {
            label: "Machine",
            sort: "address",
            lead: true,
            build: linkCell(machineName, addressLink, formatClients),
          },
          countColumn("Torrents", "torrents", "hide"),
          countColumn("Seeding", "seeding"),
          countColumn("Leeching", "leeching"),
          trafficColumn,
          {
            label: "Last seen",
            sort: "seen",
            descending: true,
            numeric: true,
            phone: "hide",
            build: textCell((item) => ago(item.seen)),
          },
          {
            label: "Reachability",
            sort: "reach",
            phone: "first",
            build: badgeCell(makeReachBadge, (item) => reachOfAddress(item.reach)),
          },
          expandColumn,
        ],
      },
    },
  },
  torrent: {
    defaults: { search: "", sort: "leechers", order: "desc", page: 1, size: null, show: "active" },
    listing: {
      parts: ["torrents"],
      noun: ["torrent with peers", "torrents with peers"],
      search: { label: "Search torrents with peers", placeholder: "Name or info_hash" },
      emptyText: ({ search }) =>
        search ? `No torrents with peers match “${search}”.` : "No torrents with peers.",
      table: {
        caption: "Torrents with peers",
        key: (item) => item.info_hash,
        linkOf: torrentLink,
        detail: () => createShares(loadPeers, createPeerShare),
        detailLabel: (item) => `Peers of ${torrentName(item)}`,
        columns: [nameColumn, seedersColumn, leechersColumn, trafficColumn, expandColumn],
      },
    },
  },
};

function formatClients({ address, machine, clients, lan }) {
  const unbroken = clients.map((client) => client.replaceAll(" ", "\u00a0"));
  const parts = [machine && address, unbroken.join(", "), lan ? null : "outside"];
  return parts.filter(Boolean).join(" · ");
}

const loadTorrents = ({ address }) => getJson(apiPath(["addresses", address])).then(({ peers }) => peers);
const loadPeers = ({ info_hash }) =>
  getJson(apiPath(["torrents", info_hash, "peers"], { limit: PEERS_MAX })).then(({ items }) => items);

/** The content of an expanded row: the torrents of an address or the peers of a torrent. One request at
 * a time. */
function createShares(load, createShare) {
  const node = make("ul", { class: "shares" });
  const showShares = createList(
    node,
    (share) => `${share.info_hash ?? ""} ${share.address} ${share.port}`,
    createShare,
  );
  let loading = false;
  return {
    node,
    async update(item) {
      if (loading) return;
      loading = true;
      await load(item).then(showShares, () => {}); // the next refresh retries
      loading = false;
    },
  };
}

function createTorrentShare(peer) {
  return createShareLine(
    make("a", { href: linkTo("torrents", peer.info_hash) }, torrentName(peer)),
    `port ${peer.port}`,
  );
}

function createPeerShare(peer) {
  return createShareLine(
    make("a", { href: linkTo("peers", peer.address) }, machineName(peer)),
    `port ${peer.port} · ${peer.client}`,
  );
}

function createShareLine(link, note) {
  const text = make("span", { class: "share-text" });
  const badge = makeReachBadge();
  const node = make("li", null, link, make("span", { class: "note" }, note), text, badge.node);
  return {
    node,
    update(peer) {
      setText(text, peer.role === "seeder" ? "Seeder" : `${roleOf(peer)}, ${percent(peer.progress)}`);
      badge.update(peer.reach);
    },
  };
}
