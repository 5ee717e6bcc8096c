// One address: its torrents and clients, and a button to ban it.

import { apiPath, getJson } from "../core/api.js";
import { make, setText, show } from "../core/dom.js";
import { bytes, count, fullTime, pluralize, rate, torrentName } from "../core/format.js";
import { icon } from "../core/icons.js";
import { linkTo } from "../core/router.js";
import { makeReachHelp } from "../components/badges.js";
import { openBanDialog, removeBan } from "../components/bans.js";
import { makeCopyButton } from "../components/clipboard.js";
import { createFacts, makeCard } from "../components/panels.js";
import { PEER_COLUMNS } from "../components/peer_columns.js";
import { createTable, linkCell, unsorted } from "../components/table.js";
import { torrentLink } from "../components/torrent_columns.js";

const COLUMNS = [
  {
    label: "Torrent",
    lead: true,
    build: linkCell(torrentName, torrentLink, (peer) => `port ${peer.port} · ${peer.client}`),
  },
  ...PEER_COLUMNS.map(unsorted),
];

const sum = (peers, of) => peers.reduce((total, peer) => total + (of(peer) ?? 0), 0);
const FACTS = [
  ["Torrents", (peers) => count(new Set(peers.map(({ info_hash }) => info_hash)).size)],
  ["Seeding", (peers) => count(peers.filter(({ role }) => role === "seeder").length)],
  ["↑ Upload", (peers) => rate(sum(peers, (peer) => peer.upload_rate))],
  ["↓ Download", (peers) => rate(sum(peers, (peer) => peer.download_rate))],
  ["Uploaded", (peers) => bytes(sum(peers, (peer) => peer.uploaded))],
  ["Downloaded", (peers) => bytes(sum(peers, (peer) => peer.downloaded))],
];

export function createAddress({ refreshNow, route }) {
  const address = route.argument;
  const location = make("p", { class: "muted" });
  const banned = make("p", { class: "warning" }, icon("ban"), make("span"));
  const ban = make(
    "button",
    {
      type: "button",
      class: "button button-danger-quiet",
      onclick: () => openBanDialog(address, refreshNow),
    },
    icon("ban"),
    "Ban address",
  );
  const unban = make(
    "button",
    { type: "button", class: "button", onclick: () => removeBan(currentBan.network, refreshNow) },
    "Unban",
  );
  const facts = createFacts(FACTS);
  const table = createTable({
    caption: `Torrents of ${address}`,
    columns: COLUMNS,
    key: (peer) => `${peer.info_hash} ${peer.port}`,
    linkOf: torrentLink,
    onSort() {},
  });
  const tally = make("p", { class: "tally" });
  let currentBan = null;
  const node = make(
    "div",
    { class: "view" },
    make(
      "header",
      { class: "torrent-head" },
      make("a", { class: "back-link", href: linkTo("peers") }, icon("back"), "All peers"),
      make(
        "div",
        { class: "address-name" },
        make("h1", null, address),
        makeCopyButton("address", () => address),
      ),
      location,
      banned,
      make("div", { class: "button-row" }, ban, unban),
    ),
    facts.node,
    makeCard("Torrents", { style: "flush", head: tally }, table.node, makeReachHelp()),
  );

  async function refresh() {
    const { lan, ban: found, peers } = await getJson(apiPath(["addresses", address]));
    currentBan = found;
    setText(location, lan ? "Local network" : "External address");
    setText(banned.lastChild, found ? formatBan(found) : "");
    show(banned, Boolean(found));
    show(ban, !found);
    show(unban, Boolean(found));
    facts.show(peers);
    setText(tally, pluralize(peers.length, "peer"));
    table.show(peers, "No torrents.");
  }

  return { node, title: address, refresh, update() {} };
}

function formatBan({ network, reason, until }) {
  const time = until ? `until ${fullTime(until)}` : "permanently";
  return `Banned ${time}${network ? ` (${network})` : ""}${reason ? `: ${reason}` : "."}`;
}
