// The torrents with the most leechers, as a short list.

import { apiPath, getJson } from "../core/api.js";
import { make } from "../core/dom.js";
import { linkTo } from "../core/router.js";
import { makeHealthBadge } from "../components/badges.js";
import { makeCard } from "../components/panels.js";
import { badgeCell, createTable, unsorted } from "../components/table.js";
import {
  leechersColumn,
  nameColumn,
  seedersColumn,
  torrentLink,
  trafficColumn,
} from "../components/torrent_columns.js";

const QUERY = { show: "active", sort: "leechers", order: "desc", limit: 8 };

export function createBusiestTorrents() {
  const table = createTable({
    caption: "Busiest torrents",
    key: ({ info_hash }) => info_hash,
    linkOf: torrentLink,
    columns: [
      ...[nameColumn, seedersColumn, leechersColumn, trafficColumn].map(unsorted),
      { label: "Health", phone: "first", build: badgeCell(makeHealthBadge, ({ health }) => health) },
    ],
  });
  const all = make("a", { href: linkTo("torrents") }, "All torrents");
  return {
    node: makeCard("Busiest torrents", { style: "flush", head: all }, table.node),
    async refresh() {
      const { items } = await getJson(apiPath(["torrents"], QUERY));
      table.show(items, "No torrents with peers.");
    },
  };
}
