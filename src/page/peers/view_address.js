// One address: its torrents and clients, and a button to ban it.

import { apiPath, getJson } from "../core/api.js";
import { make, setText, show } from "../core/dom.js";
import { ago, bytes, count, fullTime, pluralize, rate, torrentName } from "../core/format.js";
import { icon } from "../core/icons.js";
import { makeBackLink } from "../components/back_link.js";
import { makeReachHelp } from "../components/badges.js";
import { networkText, openBanDialog, removeBan } from "../components/bans.js";
import { makeCopyButton } from "../components/clipboard.js";
import { machineName, nameMachine, unnameMachine } from "../components/machines.js";
import { createFacts, createWarnings, makeCard } from "../components/panels.js";
import { PEER_COLUMNS } from "../components/peer_columns.js";
import { createTable, linkCell, unsorted } from "../components/table.js";
import { torrentLink } from "../components/torrent_columns.js";

const COLUMNS = [
  {
    label: "Torrent",
    lead: true,
    build: linkCell(
      torrentName,
      torrentLink,
      (peer) => `port ${peer.port} · ${peer.client}`,
      false,
      ({ name }) => !name,
    ),
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

export function createAddress({ tracker, refreshNow, route }) {
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
  const title = make("h1", null, address);
  const rename = make(
    "button",
    { type: "button", class: "button", onclick: () => nameMachine(address, machine, showNames) },
    icon("edit"),
    "Name",
  );
  const unname = make(
    "button",
    { type: "button", class: "button", onclick: () => unnameMachine(address, showNames) },
    "Remove name",
  );
  const refused = createWarnings("Refused announces");
  const facts = createFacts(FACTS);
  const table = createTable({
    caption: `Torrents of ${address}`,
    columns: COLUMNS,
    key: (peer) => `${peer.info_hash} ${peer.port}`,
    linkOf: torrentLink,
    onSort() {},
  });
  const tally = make("p", { class: "tally" });
  let currentBan = null,
    machine = null;
  const node = make(
    "div",
    { class: "view" },
    make(
      "header",
      { class: "torrent-head" },
      makeBackLink("peers", "All peers"),
      make(
        "div",
        { class: "address-name" },
        title,
        makeCopyButton("address", () => address),
      ),
      location,
      banned,
      make("div", { class: "button-row" }, rename, unname, ban, unban),
    ),
    refused.node,
    facts.node,
    makeCard("Torrents", { style: "flush", head: tally }, table.node, makeReachHelp()),
  );

  function showNames() {
    tracker.reloadEvents();
    refreshNow();
  }

  async function refresh() {
    const shown = await getJson(apiPath(["addresses", address]));
    const { lan, ban: found, peers } = shown;
    currentBan = found;
    machine = shown.machine;
    view.title = machineName(shown);
    setText(title, view.title);
    setText(rename.lastChild, machine ? "Rename" : "Name");
    show(unname, machine !== null);
    setText(location, [machine && address, lan ? "Local network" : "Outside"].filter(Boolean).join(" · "));
    refused.show(shown.refused.map(formatRefused));
    setText(banned.lastChild, found ? formatBan(found, address) : "");
    show(banned, Boolean(found));
    show(ban, !found);
    show(unban, Boolean(found));
    facts.show(peers);
    setText(tally, pluralize(peers.length, "peer"));
    table.show(peers, "No torrents.");
  }

  const view = { node, title: address, refresh, update() {} };
  return view;
}

function formatRefused({ count: number, at, reason }) {
  return `Refused ${number === 1 ? "once" : `${count(number)} times`}, last ${ago(at)}: ${reason}`;
}

function formatBan({ network, reason, until }, address) {
  const time = until ? `until ${fullTime(until)}` : "permanently";
  const banned = networkText(network);
  return `Banned ${time}${banned === address ? "" : ` (${banned})`}${reason ? `: ${reason}` : "."}`;
}
