// What one can take away from a torrent: its magnet link, its .torrent file, its hash.

import { getBlob, getJson, pathOf, urlOf } from "../core/api.js";
import { makeCopyButton } from "../components/clipboard.js";
import { make, show } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { notify } from "../core/notices.js";
import { currentToken } from "../core/session.js";

/** The cell of a table with these as small buttons. */
export function torrentTools(cell) {
  let torrent = null;
  const magnet = make(
    "a",
    { class: "icon-button", href: "#", title: "Magnet link", "aria-label": "Open the magnet link" },
    icon("magnet"),
  );
  magnet.addEventListener("click", (event) => {
    event.preventDefault();
    openMagnet(torrent);
  });
  const file = makeFileLink(() => torrent, false);
  const copy = makeCopyButton("info_hash", () => torrent.info_hash);
  cell.append(make("span", { class: "row-tools" }, magnet, file, copy));
  return (item) => {
    torrent = item;
    show(file, item.has_file);
    file.href = urlOf(filePath(item));
  };
}

/** A list leaves the magnets out, so that they are asked for when wanted. */
async function openMagnet({ info_hash }) {
  try {
    location.href = (await getJson(pathOf(["torrents", info_hash]))).magnet;
  } catch (error) {
    notify(error.message, "bad");
  }
}

function filePath({ info_hash }) {
  return pathOf(["torrents", info_hash, "file"]);
}

/** A link cannot carry the token: who signed in with one gets the file by fetch. */
export function makeFileLink(torrentOf, wide) {
  const link = make(
    "a",
    {
      class: wide ? "button" : "icon-button",
      download: "",
      title: "Download the .torrent file",
      "aria-label": wide ? null : "Download the .torrent file",
    },
    icon("file"),
    wide ? ".torrent" : null,
  );
  link.addEventListener("click", (event) => {
    if (!currentToken()) return;
    event.preventDefault();
    saveFile(torrentOf());
  });
  return link;
}

async function saveFile(torrent) {
  try {
    const url = URL.createObjectURL(await getBlob(filePath(torrent)));
    make("a", { href: url, download: `${torrent.name || torrent.info_hash}.torrent` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  } catch (error) {
    notify(error.message, "bad");
  }
}

export function showFileLink(link, torrent) {
  show(link, torrent.has_file);
  link.href = urlOf(filePath(torrent));
}
