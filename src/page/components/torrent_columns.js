// Columns of tables of torrents.

import { bytes, count, shortHash, torrentName } from "../core/format.js";
import { linkTo } from "../core/router.js";
import { linkCell, liveCell, textCell } from "./table.js";
import { buildTraffic, TRAFFIC_LABEL } from "./traffic.js";

export const torrentLink = (torrent) => linkTo("torrents", torrent.info_hash);

export const nameColumn = {
  label: "Torrent",
  sort: "name",
  lead: true,
  build: linkCell(
    torrentName,
    torrentLink,
    formatHashes,
    true,
    ({ name }) => !name,
  ),
};

/** A hybrid torrent has two. */
function formatHashes({ name, info_hash, versions = [] }) {
  const hashes = [info_hash, ...versions].map(shortHash);
  if (!name) hashes[0] = "unnamed"; // the hash stands in place of the name
  return hashes.join(" · ");
}

/** A column of numbers. Sorts the greatest first. */
const numberColumn = (label, sort, build, phone) => ({
  label,
  sort,
  descending: true,
  numeric: true,
  phone,
  build,
});

/** "1 seeder", "2 seeders" */
const unitOf = (plural, field) => (item) => (item[field] === 1 ? plural.replace(/s$/, "") : plural);

/** A number that is highlighted when it changes. */
export const countColumn = (label, sort, phone = unitOf(label.toLowerCase(), sort)) =>
  numberColumn(
    label,
    sort,
    liveCell((item) => count(item[sort])),
    phone,
  );

export const sizeColumn = numberColumn(
  "Size",
  "size",
  textCell((torrent) => bytes(torrent.size)),
  "hide",
);
export const seedersColumn = countColumn("Seeders", "seeders");
export const leechersColumn = countColumn("Leechers", "leechers");

export const trafficColumn = {
  ...numberColumn(TRAFFIC_LABEL, "rate", buildTraffic, ""),
  sortLabel: "Traffic",
};
