// One address: what it shares, with which clients; and the way to ban it.

import { getJson, pathOf, send } from "../core/api.js";
import { openBanDialog } from "./ban_form.js";
import { makeCopyButton } from "../components/clipboard.js";
import { make, setFigure, setText, show } from "../core/dom.js";
import { bytes, count, counted, fullTime, rate, torrentName } from "../core/format.js";
import { makeReachHelp } from "../components/health.js";
import { icon } from "../core/icons.js";
import { notify } from "../core/notices.js";
import { PEER_COLUMNS } from "../components/peer_columns.js";
import { linkTo } from "../core/router.js";
import { createTable, linkCell } from "../components/table.js";
import { torrentLink } from "../components/torrent_column.js";

const COLUMNS = [
  {
    label: "Torrent",
    lead: true,
    build: linkCell(torrentName, torrentLink, (peer) => `port ${peer.port} · ${peer.client}`),
  },
  ...PEER_COLUMNS,
];

const sum = (peers, of) => peers.reduce((total, peer) => total + (of(peer) ?? 0), 0);
const FACTS = [
  ["Torrents", (peers) => count(new Set(peers.map(({ info_hash }) => info_hash)).size)],
  ["Seeding", (peers) => count(peers.filter(({ role }) => role === "seeder").length)],
  ["Sends", (peers) => rate(sum(peers, (peer) => peer.upload_rate))],
  ["Receives", (peers) => rate(sum(peers, (peer) => peer.download_rate))],
  ["Sent", (peers) => bytes(sum(peers, (peer) => peer.uploaded))],
  ["Received", (peers) => bytes(sum(peers, (peer) => peer.downloaded))],
];

export function createAddress({ refreshNow, route }) {
  const address = route.argument;
  const where = make("p", { class: "muted" });
  const banned = make("p", { class: "warning" }, icon("ban"), make("span"));
  const ban = make(
    "button",
    {
      type: "button",
      class: "button button-danger-quiet",
      onclick: () => openBanDialog(address, refreshNow),
    },
    icon("ban"),
    "Ban this address",
  );
  const lift = make(
    "button",
    { type: "button", class: "button", onclick: () => liftBan(known.network, refreshNow) },
    "Lift the ban",
  );
  const values = FACTS.map(() => make("dd"));
  const table = createTable({
    caption: `What ${address} shares`,
    columns: COLUMNS,
    key: (peer) => `${peer.info_hash} ${peer.port}`,
    linkOf: torrentLink,
    onSort() {},
  });
  const tally = make("p", { class: "tally" });
  let known = null;
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
      where,
      banned,
      make("div", { class: "button-row" }, ban, lift),
    ),
    make(
      "dl",
      { class: "facts" },
      FACTS.map(([label], index) => make("div", { class: "fact" }, make("dt", null, label), values[index])),
    ),
    make(
      "section",
      { class: "card flush", "aria-labelledby": "shares-title" },
      make("div", { class: "card-head" }, make("h2", { id: "shares-title" }, "What it shares"), tally),
      table.node,
      makeReachHelp(),
    ),
  );

  async function refresh() {
    const { lan, ban: found, peers } = await getJson(pathOf(["addresses", address]));
    known = found;
    setText(where, lan ? "In your own network." : "From outside your networks.");
    setText(banned.lastChild, found ? sayBan(found) : "");
    show(banned, Boolean(found));
    show(ban, !found);
    show(lift, Boolean(found));
    FACTS.forEach(([, say], index) => setFigure(values[index], say(peers)));
    setText(tally, counted(peers.length, "peer"));
    table.show(peers, "Nothing, now.");
  }

  return { node, title: address, refresh, update() {} };
}

function sayBan({ network, reason, until }) {
  const time = until ? `until ${fullTime(until)}` : "until it is lifted";
  return `Banned ${time}${network ? `, as ${network}` : ""}${reason ? `: ${reason}` : "."}`;
}

/** `done()` is called when it is lifted. */
export async function liftBan(network, done) {
  try {
    await send("DELETE", pathOf(["bans", network]));
    notify(`Lifted the ban of ${network}.`);
    done();
  } catch (error) {
    notify(error.message, "bad");
  }
}
