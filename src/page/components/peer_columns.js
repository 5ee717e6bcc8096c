// Columns of tables of peers.

import { now } from "../core/clock.js";
import { make, setAttribute, setText } from "../core/dom.js";
import { ago, bytes, duration, fullTime, percent } from "../core/format.js";
import { linkTo } from "../core/router.js";
import { makeReachBadge } from "./badges.js";
import { machineName } from "./machines.js";
import { badgeCell, linkCell } from "./table.js";
import { buildTraffic, TRAFFIC_LABEL } from "./traffic.js";

const ROLES = { seeder: "Seeder", leecher: "Leecher", partial: "Partial seed" };

export const roleOf = (peer) => ROLES[peer.role] ?? peer.role;

export const addressColumn = {
  label: "Peer",
  sort: "address",
  lead: true,
  build: linkCell(
    machineName,
    (peer) => linkTo("peers", peer.address),
    (peer) =>
      [peer.machine && peer.address, `port ${peer.port}`, peer.client].filter(Boolean).join(" · ") +
      otherFamily(peer),
  ),
};

/** Such a client has a row for each family, and counts once. */
function otherFamily(peer) {
  return peer.dual_stack ? ` · also over IPv${peer.family === 4 ? 6 : 4}` : "";
}

/** The columns after the first one, which names the peer or its torrent. */
export const PEER_COLUMNS = [
  { label: "Role", sort: "role", phone: "", build: buildRole },
  { label: "Progress", sort: "progress", descending: true, phone: "", build: buildProgress },
  {
    label: TRAFFIC_LABEL,
    sortLabel: "Traffic",
    sort: "rate",
    descending: true,
    numeric: true,
    phone: "",
    build: buildTraffic,
  },
  {
    label: "Active for",
    sort: "since",
    numeric: true,
    phone: "hide",
    build: timeCell(
      (peer) => duration(now() - peer.since),
      (peer) => peer.since,
    ),
  },
  {
    label: "Last seen",
    sort: "seen",
    descending: true,
    numeric: true,
    phone: "hide",
    build: timeCell(
      (peer) => ago(peer.seen),
      (peer) => peer.seen,
    ),
  },
  {
    label: "Reachability",
    sort: "reach",
    descending: true,
    phone: "first",
    build: badgeCell(makeReachBadge, (peer) => peer.reach),
  },
];

function buildRole(cell) {
  const node = make("span", { class: "role" });
  cell.append(node);
  return (peer) => {
    setText(node, roleOf(peer));
    setAttribute(node, "data-role", peer.role);
  };
}

/** A bar with a percentage. Without a known progress, only the bytes that are left. */
function buildProgress(cell) {
  const bar = make("progress", { max: 1, class: "progress" });
  const text = make("span", { class: "progress-text" });
  cell.append(make("span", { class: "progress-line" }, bar, text));
  return (peer) => {
    const known = peer.progress !== null && peer.progress !== undefined;
    bar.hidden = !known;
    if (known) bar.value = peer.progress;
    setAttribute(bar, "data-full", peer.progress >= 1);
    setAttribute(bar, "aria-label", `Progress of ${peer.address}`);
    setText(text, known ? percent(peer.progress) : formatLeft(peer));
  };
}

function formatLeft({ role, left }) {
  if (role === "seeder") return percent(1);
  return left === null || left === undefined ? "unknown" : `${bytes(left)} left`;
}

function timeCell(textOf, atOf) {
  return (cell) => (peer) => {
    setText(cell, textOf(peer));
    setAttribute(cell, "title", fullTime(atOf(peer)));
  };
}
