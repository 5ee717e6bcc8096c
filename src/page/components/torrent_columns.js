// Columns of tables of torrents.

import { bytes, count, rateOrDash, shortHash, torrentName, transferRate } from "../core/format.js";
import { linkTo } from "../core/router.js";
import { linkCell, liveCell, textCell } from "./table.js";

export const torrentLink = (torrent) => linkTo("torrents", torrent.info_hash);

export const nameColumn = {
  label: "Torrent",
  sort: "name",
  lead: true,
  build: linkCell(torrentName, torrentLink, (torrent) =>
    torrent.name ? shortHash(torrent.info_hash) : "unnamed",
  ),
};

/** A column of numbers. Sorts the greatest first. */
const numberColumn = (label, sort, build) => ({ label, sort, descending: true, numeric: true, build });

/** A number that is highlighted when it changes. */
export const countColumn = (label, sort) =>
  numberColumn(
    label,
    sort,
    liveCell((item) => count(item[sort])),
  );

export const sizeColumn = numberColumn(
  "Size",
  "size",
  textCell((torrent) => bytes(torrent.size)),
);
export const seedersColumn = countColumn("Seeders", "seeders");
export const leechersColumn = countColumn("Leechers", "leechers");
export const rateColumn = numberColumn(
  "Rate",
  "rate",
  textCell((item) => rateOrDash(transferRate(item))),
);
