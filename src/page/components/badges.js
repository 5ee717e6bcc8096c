// Badges: the health of a torrent, and whether a peer is reachable.

import { make, setAttribute, setText } from "../core/dom.js";

const LONG_LABEL = 12;

const HEALTH = {
  good: { label: "Good", tone: "good", hint: "There are seeders enough for those who download." },
  weak: {
    label: "Weak",
    tone: "fair",
    hint: "A single seeder serves all the leechers; if it leaves, downloads may stop.",
  },
  stuck: {
    label: "Seeders unreachable",
    tone: "stuck",
    hint: "There are leechers, but the tracker could connect to none of the seeders, so that downloads most likely wait.",
  },
  unseeded: { label: "No seeder", tone: "bad", hint: "There are leechers, but nobody has the whole torrent." },
  idle: { label: "Idle", tone: "calm", hint: "Nobody is here now." },
};

const REACH = {
  open: {
    label: "Reachable",
    tone: "good",
    hint: "The tracker could connect to the port that this peer announced.",
  },
  refused: {
    label: "Firewalled",
    tone: "bad",
    hint: "The peer's machine refused a connection to the announced port: nothing listens there, or a firewall rejects it.",
  },
  partly: {
    label: "Partly firewalled",
    tone: "fair",
    hint: "The tracker could connect to some of this machine's announced ports, and to others not.",
  },
  silent: {
    label: "Firewalled",
    tone: "bad",
    hint: "Nothing came back from the announced port: a firewall probably drops connections to it.",
  },
  unknown: {
    label: "Not checked",
    tone: "calm",
    hint: "The tracker has not tried to connect to this peer: it is not in a network that may be checked, or its turn has not come.",
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
      setAttribute(node, "data-long", label.length > LONG_LABEL); // takes two columns on a phone
      setAttribute(node, "title", hint);
    },
  };
}

export const makeHealthBadge = () => makeBadge(HEALTH);
export const makeReachBadge = () => makeBadge(REACH);

/** The state of an address, from the numbers of its ports that are { open, firewalled }. */
export function reachOfAddress({ open, firewalled }) {
  if (open > 0 && firewalled > 0) return "partly";
  if (firewalled > 0) return "silent";
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
      "A connection to the announced port was refused, or nothing came back. Two firewalled peers cannot share with each other: open the port on one of the machines.",
    ],
    ["Not checked", REACH.unknown.hint],
  ];
  return make(
    "details",
    { class: "help" },
    make("summary", null, "What do reachable and firewalled mean?"),
    make(
      "dl",
      null,
      terms.map(([term, meaning]) => [make("dt", null, term), make("dd", null, meaning)]),
    ),
  );
}
