// The list of recent events in the swarms. It keeps its order while the pointer or the focus is in it.

import { makeRecordedAddress } from "../components/recorded_address.js";
import { createList, isInUse, make, setText, show } from "../core/dom.js";
import { ago, count, fullTime, pluralize, torrentName } from "../core/format.js";
import { icon } from "../core/icons.js";
import { linkTo } from "../core/router.js";
import { mergeEvents } from "./merge_events.js";

const GROUPS_MAX = 60;
const ROLES = { seeder: "seeder", partial: "partial seed", leecher: "leecher" };

/** The texts before and after the torrent's name. */
const KIND_TEXTS = {
  joined: ({ role }) => ["joined", ` as ${ROLES[role] ?? ROLES.leecher}`],
  updated: ({ role }) => [`changed to ${ROLES[role] ?? ROLES.leecher} in`, ""],
  completed: () => ["completed", ""],
  left: () => ["left", ""],
  expired: () => ["timed out from", ""],
  moved: () => ["changed address in", ""],
};

export function createEventList() {
  const list = make("ol");
  const empty = make("p", { class: "empty" }, "No activity yet.");
  const held = make("span", { class: "note" });
  const node = make(
    "div",
    { class: "events-frame", tabindex: 0, role: "region", "aria-label": "Activity, list" },
    empty,
    list,
  );
  const showGroups = createList(list, ({ key, first }) => `${key} ${first.machine ?? ""}`, createGroup);
  let shown = [];
  return {
    node,
    held,
    show(events) {
      const groups = mergeEvents(events).slice(0, GROUPS_MAX);
      const isHeld = shown.length > 0 && isInUse(list);
      if (!isHeld) shown = groups;
      const known = new Set(shown.map(({ key }) => key));
      const waiting = isHeld ? groups.filter(({ key }) => !known.has(key)).length : 0;
      setText(held, waiting > 0 ? `${waiting} new` : "");
      show(empty, shown.length === 0);
      showGroups(shown);
    },
  };
}

function createGroup(group) {
  if (group.kind === "refused") return createRefused(group);
  return { torrents: createTorrentFlood, peers: createPeerFlood, null: createEvent }[group.of](group);
}

/** `text` and `details`: contents of the two lines. `update(group)` is called before the time is set. */
function makeItem({ kind, at }, text, details, update = () => {}) {
  const time = make("time", { datetime: new Date(at * 1000).toISOString() });
  const node = make(
    "li",
    { class: "event", "data-kind": kind },
    make("span", { class: "event-icon" }, icon(kind)),
    make(
      "div",
      { class: "event-text" },
      make("p", null, text),
      make("p", { class: "note" }, details, time),
    ),
  );
  return {
    node,
    update(group) {
      update(group);
      time.title = fullTime(group.at);
      setText(time, ago(group.at));
    },
  };
}

const clientOf = (event) => make("strong", null, event.client || "Unknown client");
const torrentOf = (event) => make("a", { href: linkTo("torrents", event.info_hash) }, torrentName(event));
const countsOf = ({ seeders, leechers }) =>
  `${pluralize(seeders, "seeder")}, ${pluralize(leechers, "leecher")} · `;

function createEvent(group) {
  const event = group.first;
  const [before, after] = KIND_TEXTS[event.kind]?.(event) ?? [event.kind, ""];
  return makeItem(
    group,
    [clientOf(event), ` ${before} `, torrentOf(event), after],
    [makeRecordedAddress(event.address, event.machine), " · ", countsOf(event)],
  );
}

/** The refused announces of an address for one reason. */
function createRefused(group) {
  const { address, machine, code, client } = group.first;
  const times = make("span");
  return makeItem(
    group,
    [make("strong", null, makeRecordedAddress(address, machine)), " ", times],
    `${client || "Unknown client"} · `,
    ({ first }) => {
      const often = first.count === 1 ? "" : ` ${count(first.count)} times`;
      setText(times, `refused${often}: ${code.replaceAll("_", " ")}`);
      times.title = first.reason;
    },
  );
}

/** One client in several torrents. */
function createTorrentFlood(group) {
  const event = group.first;
  const torrents = make("span");
  return makeItem(
    group,
    [clientOf(event), " ", torrents],
    [makeRecordedAddress(event.address, event.machine), " · "],
    ({ kind, first, count }) =>
      setText(torrents, `${KIND_TEXTS[kind]?.(first)[0] ?? kind} ${pluralize(count, "torrent")}`),
  );
}

/** Several clients in one torrent. */
function createPeerFlood(group) {
  const peers = make("strong");
  const counts = make("span");
  const verb = KIND_TEXTS[group.kind]?.(group.first)[0] ?? group.kind;
  return makeItem(
    group,
    [peers, ` ${verb} `, torrentOf(group.first)],
    counts,
    ({ first, count }) => {
      setText(peers, pluralize(count, "peer"));
      setText(counts, countsOf(first));
    },
  );
}
