// The list of recent events in the swarms.

import { createList, make, setText, show } from "../core/dom.js";
import { ago, fullTime, pluralize, torrentName } from "../core/format.js";
import { icon } from "../core/icons.js";
import { linkTo } from "../core/router.js";

const ROLE_TEXTS = { seeder: " as a seeder", partial: " for a part of it", leecher: " as a leecher" };

/** The texts before and after the torrent's name. */
const KIND_TEXTS = {
  joined: ({ role }) => ["came to", ROLE_TEXTS[role] ?? ROLE_TEXTS.leecher],
  completed: () => ["has all of", " now"],
  left: () => ["left", ""],
  expired: () => ["went silent and was dropped from", ""],
  moved: () => ["has a new address, in", ""],
};

export function createEventList() {
  const list = make("ol");
  const empty = make(
    "p",
    { class: "empty" },
    "Nothing has happened yet. Who comes, completes or leaves is told here.",
  );
  const node = make(
    "div",
    { class: "events-frame", tabindex: 0, role: "region", "aria-label": "What happens now" },
    empty,
    list,
  );
  const showEvents = createList(list, (event) => `${event.id}/${event.at}`, createEvent);
  return {
    node,
    show(events) {
      empty.hidden = events.length > 0;
      showEvents(events);
    },
  };
}

function createEvent(event) {
  const [before, after] = KIND_TEXTS[event.kind]?.(event) ?? [event.kind, ""];
  const time = make("time", { datetime: new Date(event.at * 1000).toISOString(), title: fullTime(event.at) });
  const node = make(
    "li",
    { class: "event", "data-kind": event.kind },
    make("span", { class: "event-icon" }, icon(event.kind)),
    make(
      "div",
      { class: "event-text" },
      make(
        "p",
        null,
        make("strong", null, event.client || "A peer"),
        ` ${before} `,
        make("a", { href: linkTo("torrents", event.info_hash) }, torrentName(event)),
        after,
      ),
      make(
        "p",
        { class: "note" },
        make("a", { href: linkTo("peers", event.address) }, event.address),
        ` · ${pluralize(event.seeders, "seeder")}, ${pluralize(event.leechers, "leecher")} · `,
        time,
      ),
    ),
  );
  return { node, update: () => setText(time, ago(event.at)) };
}
