// A torrent's magnet link, .torrent file and info_hash as buttons.

import { apiPath, apiUrl, getBlob, getJson } from "../core/api.js";
import { make, setAttribute, show } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { notify } from "../core/notices.js";
import { currentToken } from "../core/session.js";
import { makeCopyButton } from "../components/clipboard.js";

const URL_LIFETIME_MS = 10000;

/** Fills a cell of a table with the buttons. */
export function buildTorrentTools(cell) {
  let torrent = null;
  const magnet = make(
    "a",
    { class: "icon-button", href: "#", title: "Open magnet link", "aria-label": "Open magnet link" },
    icon("magnet"),
  );
  magnet.addEventListener("click", (event) => {
    event.preventDefault();
    openMagnet(torrent);
  });
  const file = createFileLink(false);
  const copy = makeCopyButton("info_hash", () => torrent.info_hash);
  cell.append(make("span", { class: "row-tools" }, magnet, file.node, copy));
  return (item) => {
    torrent = item;
    file.show(item);
  };
}

/** Lists of torrents come without magnet links. */
async function openMagnet({ info_hash }) {
  try {
    location.href = (await getJson(apiPath(["torrents", info_hash]))).magnet;
  } catch (error) {
    notify(error.message, "bad");
  }
}

function filePath({ info_hash }) {
  return apiPath(["torrents", info_hash, "file"]);
}

/** A link to the .torrent file, as a button with a label if `wide`. A link cannot send the token, so
 * with a token the file is loaded by fetch. */
export function createFileLink(wide) {
  let torrent = null;
  const node = make(
    "a",
    {
      class: wide ? "button" : "icon-button",
      download: "",
      title: "Download .torrent file",
      "aria-label": wide ? null : "Download .torrent file",
    },
    icon("file"),
    wide ? ".torrent" : null,
  );
  node.addEventListener("click", (event) => {
    if (!currentToken()) return;
    event.preventDefault();
    saveFile(torrent);
  });
  return {
    node,
    show(item) {
      torrent = item;
      if (wide) show(node, torrent.has_file);
      else setAttribute(node, "data-absent", !torrent.has_file); // the icons beside it keep their places
      node.href = apiUrl(filePath(torrent));
    },
  };
}

async function saveFile(torrent) {
  try {
    const url = URL.createObjectURL(await getBlob(filePath(torrent)));
    make("a", { href: url, download: `${torrent.name || torrent.info_hash}.torrent` }).click();
    setTimeout(() => URL.revokeObjectURL(url), URL_LIFETIME_MS);
  } catch (error) {
    notify(error.message, "bad");
  }
}
