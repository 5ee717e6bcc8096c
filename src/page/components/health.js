// The tracker's verdicts in words: how a torrent does, and whether a peer can be reached.

import { make, setAttribute, setText } from "../core/dom.js";

const LONG = 12;

const HEALTH = {
  good: { word: "Good", tone: "good", why: "There are seeders enough for those who download." },
  weak: {
    word: "Weak",
    tone: "fair",
    why: "A single seeder serves all the leechers; if it leaves, downloads may stop.",
  },
  stuck: {
    word: "Seeders unreachable",
    tone: "stuck",
    why: "There are leechers, but the tracker could connect to none of the seeders, so that downloads most likely wait.",
  },
  unseeded: { word: "No seeder", tone: "bad", why: "There are leechers, but nobody has the whole torrent." },
  idle: { word: "Idle", tone: "calm", why: "Nobody is here now." },
};

const REACH = {
  open: {
    word: "Reachable",
    tone: "good",
    why: "The tracker could connect to the port that this peer announced.",
  },
  refused: {
    word: "Firewalled",
    tone: "bad",
    why: "The peer's machine refused a connection to the announced port: nothing listens there, or a firewall rejects it.",
  },
  partly: {
    word: "Partly firewalled",
    tone: "fair",
    why: "The tracker could connect to some of this machine's announced ports, and to others not.",
  },
  silent: {
    word: "Firewalled",
    tone: "bad",
    why: "Nothing came back from the announced port: a firewall probably drops connections to it.",
  },
  unknown: {
    word: "Not checked",
    tone: "calm",
    why: "The tracker has not tried to connect to this peer: it is not in a network that may be checked, or its turn has not come.",
  },
};

/** A badge with the methods node and update(value): the word, its tone, and why as a hint. */
function makeBadge(words) {
  const node = make("span", { class: "badge" });
  return {
    node,
    update(value) {
      const { word, tone, why } = words[value] ?? { word: value, tone: "calm", why: "" };
      setText(node, word);
      setAttribute(node, "data-tone", tone);
      setAttribute(node, "data-long", word.length > LONG); // so that a narrow card gives it room
      setAttribute(node, "title", why);
    },
  };
}

export const makeHealthBadge = () => makeBadge(HEALTH);
export const makeReachBadge = () => makeBadge(REACH);

/** The word for an address as a whole, of how many of its ports are { open, firewalled }. */
export function reachOfAll({ open, firewalled }) {
  if (open > 0 && firewalled > 0) return "partly";
  if (firewalled > 0) return "silent";
  return open > 0 ? "open" : "unknown";
}

export function healthReason(health) {
  return HEALTH[health]?.why ?? "";
}

/** What the three words mean, for those who do not hover. */
export function makeReachHelp() {
  const terms = [
    ["Reachable", REACH.open.why],
    [
      "Firewalled",
      "A connection to the announced port was refused, or nothing came back. Two firewalled peers cannot share with each other: open the port on one of the machines.",
    ],
    ["Not checked", REACH.unknown.why],
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
