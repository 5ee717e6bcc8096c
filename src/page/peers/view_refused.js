// The clients whose announces were refused, merged by address and reason.

import { make, setText } from "../core/dom.js";
import { ago, count, fullTime, pluralize, torrentName } from "../core/format.js";
import { linkTo, rememberQuery } from "../core/router.js";
import { makeBackLink } from "../components/back_link.js";
import { createListing, readListState, writeListState } from "../components/listing.js";
import { makeRecordedAddress } from "../components/recorded_address.js";
import { textCell } from "../components/table.js";

const DEFAULTS = { page: 1, size: null };
const COLUMNS = [
  {
    label: "Machine",
    lead: true,
    build: (cell) => {
      const address = make("span");
      const reason = make("span", { class: "note" });
      cell.append(make("span", { class: "lead-line" }, address, reason));
      return (item) => {
        address.replaceChildren(makeRecordedAddress(item.address, item.machine));
        setText(reason, item.reason);
        reason.title = item.reason;
      };
    },
  },
  { label: "Client", phone: "hide", build: textCell(({ client }) => client || "Unknown") },
  { label: "Refused", numeric: true, phone: (item) => (item.count === 1 ? "time" : "times"), build: textCell((item) => count(item.count)) },
  {
    label: "Torrent",
    phone: "hide",
    build: (cell) => {
      const link = make("a");
      cell.append(link);
      return (item) => {
        setText(link, torrentName(item));
        link.href = linkTo("torrents", item.info_hash);
      };
    },
  },
  {
    label: "Last",
    numeric: true,
    phone: "",
    build: (cell) => (item) => {
      setText(cell, ago(item.at));
      cell.title = `${fullTime(item.since)} – ${fullTime(item.at)}`;
    },
  },
];

export function createRefused({ refreshNow, route }) {
  const listing = createListing({
    parts: ["refused"],
    noun: ["refused client", "refused clients"],
    state: readListState(route.query, DEFAULTS),
    refreshNow,
    onChange: (state) => rememberQuery("refused", writeListState(state, DEFAULTS)),
    table: {
      caption: "Refused clients",
      columns: COLUMNS,
      key: ({ address, code }) => `${address} ${code}`,
    },
    emptyText: () => "No announces were refused in the last hour.",
  });
  const total = make("p", { class: "muted" });
  const node = make(
    "div",
    { class: "view" },
    make(
      "header",
      { class: "torrent-head" },
      makeBackLink("overview", "Overview"),
      make("h1", null, "Refused announces"),
      total,
    ),
    listing.node,
  );
  return {
    node,
    title: "Refused announces",
    refresh: listing.refresh,
    update({ status }) {
      setText(total, `${pluralize(status.refused ?? 0, "announce")} refused in the last hour.`);
    },
  };
}
