// The column that names torrents, in every list of them.

import { shortHash, torrentName } from "../core/format.js";
import { linkTo } from "../core/router.js";
import { linkCell } from "./table.js";

export const torrentLink = (torrent) => linkTo("torrents", torrent.info_hash);

export const torrentColumn = {
  label: "Torrent",
  sort: "name",
  lead: true,
  build: linkCell(torrentName, torrentLink, (torrent) =>
    torrent.name ? shortHash(torrent.info_hash) : "no name known",
  ),
};
