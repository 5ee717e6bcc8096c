// The columns in which peers are told, under a torrent and under an address.

import { make, setAttribute, setText } from "../core/dom.js";
import { ago, duration, fullTime } from "../core/format.js";
import { now } from "../core/clock.js";
import { makeReachBadge } from "./health.js";
import { makeProgress } from "./progress.js";
import { bothRates } from "../core/rates.js";
import { badgeCell, linkCell, textCell } from "./table.js";
import { linkTo } from "../core/router.js";

const ROLES = { seeder: "Seeder", leecher: "Leecher", partial: "Partial seed" };

export const roleOf = (peer) => ROLES[peer.role] ?? peer.role;

export const addressColumn = {
  label: "Peer",
  lead: true,
  build: linkCell(
    (peer) => peer.address,
    (peer) => linkTo("peers", peer.address),
    (peer) => `port ${peer.port} · ${peer.client}`,
  ),
};

/** Of what a peer does: the same under a torrent as under an address. */
export const PEER_COLUMNS = [
  { label: "Role", build: makeRole },
  {
    label: "Progress",
    wide: true,
    build: (cell) => {
      const progress = makeProgress();
      cell.append(progress.node);
      return progress.update;
    },
  },
  { label: "Rate", numeric: true, build: textCell(bothRates) },
  {
    label: "Here for",
    numeric: true,
    build: makeTime(
      (peer) => duration(now() - peer.since),
      (peer) => peer.since,
    ),
  },
  {
    label: "Last seen",
    numeric: true,
    build: makeTime(
      (peer) => ago(peer.seen),
      (peer) => peer.seen,
    ),
  },
  { label: "Connectable", build: badgeCell(makeReachBadge, (peer) => peer.reach) },
];

function makeRole(cell) {
  const node = make("span", { class: "role" });
  cell.append(node);
  return (peer) => {
    setText(node, roleOf(peer));
    setAttribute(node, "data-role", peer.role);
  };
}

function makeTime(textOf, atOf) {
  return (cell) => (peer) => {
    setText(cell, textOf(peer));
    setAttribute(cell, "title", fullTime(atOf(peer)));
  };
}
