// The list of recent events in the swarms.

import { makeRecordedAddress } from "../components/recorded_address.js";
import { createList, make, setText, show } from "../core/dom.js";
import { ago, fullTime, pluralize, torrentName } from "../core/format.js";
import { icon } from "../core/icons.js";
import { linkTo } from "../core/router.js";

const ROLE_TEXTS = { seeder: " as seeder", partial: " as partial seed", leecher: " as leecher" };

/** The texts before and after the torrent's name. */
const KIND_TEXTS = {
  joined: ({ role }) => ["joined", ROLE_TEXTS[role] ?? ROLE_TEXTS.leecher],
  completed: () => ["completed", ""],
  left: () => ["left", ""],
  expired: () => ["timed out from", ""],
  moved: () => ["changed address in", ""],
};

export function createEventList() {
  const list = make("ol");
  const empty = make("p", { class: "empty" }, "No activity yet.");
  const node = make(
    "div",
    { class: "events-frame", tabindex: 0, role: "region", "aria-label": "Activity, list" },
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
        make("strong", null, event.client || "Unknown client"),
        ` ${before} `,
        make("a", { href: linkTo("torrents", event.info_hash) }, torrentName(event)),
        after,
      ),
      make(
        "p",
        { class: "note" },
        makeRecordedAddress(event.address),
        ` · ${pluralize(event.seeders, "seeder")}, ${pluralize(event.leechers, "leecher")} · `,
        time,
      ),
    ),
  );
  return { node, update: () => setText(time, ago(event.at)) };
}
