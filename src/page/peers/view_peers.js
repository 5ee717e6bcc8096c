// Who shares what: by address, with the torrents of each, and the other way round.

import { getJson, pathOf } from "../core/api.js";
import { createList, make, setText } from "../core/dom.js";
import { ago, count, percent, rateOrDash, torrentName } from "../core/format.js";
import { makeReachBadge, reachOfAll } from "../components/health.js";
import { createListing } from "../components/listing.js";
import { roleOf } from "../components/peer_columns.js";
import { transferRate } from "../core/rates.js";
import { linkTo, rememberQuery } from "../core/router.js";
import { badgeCell, figureCell, linkCell, textCell } from "../components/table.js";
import { createChoice } from "../components/toolbar.js";
import { torrentColumn, torrentLink } from "../components/torrent_column.js";

const MOST_SHARED = 50;
const BY = [
  ["address", "By address"],
  ["torrent", "By torrent"],
];

export function createPeersView({ refreshNow, route }) {
  const by = route.query.get("by") === "torrent" ? "torrent" : "address";
  const kind = KINDS[by];
  const choice = createChoice("Order of the list", BY, (next) => {
    if (next !== by) location.hash = linkTo("peers", null, { by: next === "address" ? null : next });
  });
  const first = { search: "", sort: kind.sort, order: kind.order, page: 1, show: kind.show };
  const listing = createListing({
    ...kind.listing,
    state: readState(route.query, first),
    refreshNow,
    changed: (state) =>
      rememberQuery("peers", { by: by === "address" ? null : by, ...writeState(state, first) }),
  });
  choice.show(by);
  const node = make(
    "div",
    { class: "view" },
    make("header", { class: "view-head" }, make("h1", null, "Peers"), listing.tally.node),
    make("div", { class: "toolbar" }, listing.search.node, choice.node, listing.table.chooser),
    listing.node,
  );
  return { node, title: "Peers", refresh: listing.refresh, update() {} };
}

function readState(query, first) {
  const page = Math.max(1, Number.parseInt(query.get("page") ?? "1", 10) || 1);
  return {
    ...first,
    search: query.get("search") ?? "",
    sort: query.get("sort") ?? first.sort,
    order: query.get("order") ?? first.order,
    page,
  };
}

function writeState(state, first) {
  return Object.fromEntries(Object.entries(state).filter(([name, value]) => value !== first[name]));
}

const disclose = {
  label: "More",
  hideLabel: true,
  build: (cell) => {
    cell.append(make("span", { class: "disclose-place" }));
    return () => {};
  },
};

const addressLink = (item) => linkTo("peers", item.address);

const KINDS = {
  address: {
    sort: "address",
    order: "asc",
    show: "",
    listing: {
      parts: ["addresses"],
      noun: ["address", "addresses"],
      search: { label: "Search peers", placeholder: "Address or client" },
      nothing: ({ search }) =>
        search ? `No address and no client matches “${search}”.` : "Nobody is here now.",
      table: {
        caption: "Addresses and what they share",
        key: (item) => item.address,
        linkOf: addressLink,
        detail: () => createShares((item) => readTorrents(item), createTorrentShare),
        detailLabel: (item) => `What ${item.address} shares`,
        columns: [
          {
            label: "Address",
            sort: "address",
            lead: true,
            build: linkCell((item) => item.address, addressLink, sayClients),
          },
          {
            label: "Torrents",
            sort: "torrents",
            descending: true,
            numeric: true,
            build: figureCell((item) => count(item.torrents)),
          },
          {
            label: "Seeding",
            sort: "seeding",
            descending: true,
            numeric: true,
            build: figureCell((item) => count(item.seeding)),
          },
          {
            label: "Leeching",
            sort: "leeching",
            descending: true,
            numeric: true,
            build: figureCell((item) => count(item.leeching)),
          },
          {
            label: "Rate",
            sort: "rate",
            descending: true,
            numeric: true,
            build: textCell((item) => rateOrDash(transferRate(item))),
          },
          { label: "Last seen", numeric: true, build: textCell((item) => ago(item.seen)) },
          { label: "Connectable", build: badgeCell(makeReachBadge, (item) => reachOfAll(item.reach)) },
          disclose,
        ],
      },
    },
  },
  torrent: {
    sort: "leechers",
    order: "desc",
    show: "active",
    listing: {
      parts: ["torrents"],
      noun: ["torrent with peers", "torrents with peers"],
      search: { label: "Search torrents with peers", placeholder: "Name or info_hash" },
      nothing: ({ search }) =>
        search ? `No torrent with peers matches “${search}”.` : "Nobody is here now.",
      table: {
        caption: "Torrents and who shares them",
        key: (item) => item.info_hash,
        linkOf: torrentLink,
        detail: () => createShares((item) => readPeers(item), createPeerShare),
        detailLabel: (item) => `Who shares ${torrentName(item)}`,
        columns: [
          torrentColumn,
          {
            label: "Seeders",
            sort: "seeders",
            descending: true,
            numeric: true,
            build: figureCell((item) => count(item.seeders)),
          },
          {
            label: "Leechers",
            sort: "leechers",
            descending: true,
            numeric: true,
            build: figureCell((item) => count(item.leechers)),
          },
          {
            label: "Rate",
            sort: "rate",
            descending: true,
            numeric: true,
            build: textCell((item) => rateOrDash(transferRate(item))),
          },
          disclose,
        ],
      },
    },
  },
};

function sayClients({ clients, lan }) {
  const unbroken = clients.map((client) => client.replaceAll(" ", "\u00a0"));
  return [unbroken.join(", "), lan ? null : "from outside"].filter(Boolean).join(" · ");
}

const readTorrents = ({ address }) => getJson(pathOf(["addresses", address])).then(({ peers }) => peers);
const readPeers = ({ info_hash }) =>
  getJson(pathOf(["torrents", info_hash, "peers"], { limit: MOST_SHARED })).then(({ items }) => items);

/** Under an opened row: the other side of it. Never asks twice at a time. */
function createShares(read, createShare) {
  const node = make("ul", { class: "shares" });
  const showShares = createList(
    node,
    (share) => `${share.info_hash ?? ""} ${share.address} ${share.port}`,
    createShare,
  );
  let asking = false;
  return {
    node,
    async update(item) {
      if (asking) return;
      asking = true;
      await read(item).then(showShares, () => {}); // the next second tries again
      asking = false;
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
    make("a", { href: linkTo("peers", peer.address) }, peer.address),
    `port ${peer.port} · ${peer.client}`,
  );
}

function createShareLine(link, note) {
  const words = make("span", { class: "share-words" });
  const badge = makeReachBadge();
  const node = make("li", null, link, make("span", { class: "note" }, note), words, badge.node);
  return {
    node,
    update(peer) {
      setText(words, peer.role === "seeder" ? "Seeder" : `${roleOf(peer)}, ${percent(peer.progress)}`);
      badge.update(peer.reach);
    },
  };
}
