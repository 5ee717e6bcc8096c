// Badges: the health of a torrent, and whether a peer is reachable.

import { make, setAttribute, setText } from "../core/dom.js";

const HEALTH = {
  good: { label: "Healthy", tone: "good", hint: "Enough seeders for all leechers." },
  weak: { label: "One seeder", tone: "fair", hint: "If the only seeder leaves, downloads may stall." },
  stuck: {
    label: "Seeders firewalled",
    tone: "stuck",
    hint: "The tracker cannot connect to any seeder. Downloads are probably stalled.",
  },
  unseeded: { label: "No seeders", tone: "bad", hint: "Leechers, but no seeders." },
  idle: { label: "Idle", tone: "calm", hint: "No peers." },
};

const REACH = {
  open: { label: "Reachable", tone: "good", hint: "The tracker can connect to the announced port." },
  refused: {
    label: "Firewalled",
    tone: "bad",
    hint: "Connection refused. The client is not listening on the announced port, or a firewall rejects connections.",
  },
  partly: {
    label: "Partly reachable",
    tone: "fair",
    hint: "The tracker can connect to some announced ports of this address, but not to others.",
  },
  silent: {
    label: "Firewalled",
    tone: "bad",
    hint: "Connection timed out. A firewall probably drops connections to the announced port.",
  },
  unknown: {
    label: "Not probed",
    tone: "calm",
    hint: "Not in a network that the tracker probes, or the probe is still pending.",
  },
};

/** Returns { node, update(value) }: a label in a colour, with a tooltip. */
function makeBadge(definitions) {
  const node = make("span", { class: "badge" });
  return {
    node,
    update(value) {
      const { label, tone, hint } = definitions[value] ?? { label: value, tone: "calm", hint: "" };
      setText(node, label);
      setAttribute(node, "data-tone", tone);
      setAttribute(node, "title", hint);
    },
  };
}

export const makeHealthBadge = () => makeBadge(HEALTH);
export const makeReachBadge = () => makeBadge(REACH);

/** The state of an address, from the numbers of its ports that are { open, unreachable }. */
export function reachOfAddress({ open, unreachable }) {
  if (open > 0 && unreachable > 0) return "partly";
  if (unreachable > 0) return "silent";
  return open > 0 ? "open" : "unknown";
}

export function healthHint(health) {
  return HEALTH[health]?.hint ?? "";
}

/** The tooltips as visible text, for touch screens and keyboards. */
export function makeReachHelp() {
  const terms = [
    ["Reachable", REACH.open.hint],
    [
      "Firewalled",
      "The connection was refused or timed out. Two firewalled peers cannot connect to each other: open the announced port on one of the machines.",
    ],
    ["Not probed", REACH.unknown.hint],
  ];
  return make(
    "details",
    { class: "help" },
    make("summary", null, "About reachability"),
    make(
      "dl",
      null,
      terms.map(([term, meaning]) => [make("dt", null, term), make("dd", null, meaning)]),
    ),
  );
}
