// What happens in the swarms, in plain words instead of a log.

import { createList, make, setText } from "../core/dom.js";
import { ago, counted, fullTime, torrentName } from "../core/format.js";
import { icon } from "../core/icons.js";
import { linkTo } from "../core/router.js";

const WORDS = {
  joined: (event) => [
    "came to",
    event.role === "seeder"
      ? " as a seeder"
      : event.role === "partial"
        ? " for a part of it"
        : " as a leecher",
  ],
  completed: () => ["has all of", " now"],
  left: () => ["left", ""],
  expired: () => ["went silent and was dropped from", ""],
  moved: () => ["has a new address, in", ""],
};

export function createEventList() {
  const list = make("ol", { class: "events" });
  const nothing = make(
    "p",
    { class: "empty" },
    "Nothing has happened yet. Who comes, completes or leaves is told here.",
  );
  const node = make(
    "div",
    { class: "events-frame", tabindex: 0, role: "region", "aria-label": "What happens now" },
    nothing,
    list,
  );
  const showItems = createList(list, (event) => event.id + "/" + event.at, createEvent);
  return {
    node,
    show(events) {
      nothing.hidden = events.length > 0;
      showItems(events);
    },
  };
}

function createEvent(event) {
  const [verb, rest] = (WORDS[event.kind] ?? (() => [event.kind, ""]))(event);
  const time = make("time", { datetime: new Date(event.at * 1000).toISOString(), title: fullTime(event.at) });
  const node = make(
    "li",
    { class: "event", "data-kind": event.kind },
    make("span", { class: "event-icon" }, icon(event.kind)),
    make(
      "div",
      { class: "event-words" },
      make(
        "p",
        null,
        make("strong", null, event.client || "A peer"),
        ` ${verb} `,
        make("a", { href: linkTo("torrents", event.info_hash) }, torrentName(event)),
        rest,
      ),
      make(
        "p",
        { class: "note" },
        make("a", { href: linkTo("peers", event.address) }, event.address),
        ` · ${counted(event.seeders, "seeder")}, ${counted(event.leechers, "leecher")} · `,
        time,
      ),
    ),
  );
  return { node, update: () => setText(time, ago(event.at)) };
}
