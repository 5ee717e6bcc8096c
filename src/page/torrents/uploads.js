// Registers .torrent files, one after the other, and tells of each how it went.

import { send } from "../core/api.js";
import { make } from "../core/dom.js";
import { bytes, torrentName } from "../core/format.js";
import { icon } from "../core/icons.js";
import { linkTo } from "../core/router.js";

const list = make("ol", { class: "uploads", "aria-live": "polite", "aria-label": "Files" });
let queue = Promise.resolve();

/** The results of all files of this visit: one element, wherever it is shown. */
export function uploadResults() {
  return list;
}

/** Resolves when all are done, whatever came of them. */
export function uploadFiles(files) {
  for (const file of files) {
    const words = make("span", { class: "upload-words" }, "waiting");
    const line = make(
      "li",
      { class: "upload", "data-state": "wait" },
      make("span", { class: "upload-mark", "aria-hidden": "true" }),
      make("span", { class: "upload-name" }, file.name),
      words,
    );
    list.prepend(line);
    queue = queue.then(() => upload(file, line, words));
  }
  return queue;
}

async function upload(file, line, words) {
  try {
    const { items } = await send("POST", "torrents", file);
    finish(line, "done");
    const [torrent] = items;
    words.replaceChildren(
      "registered as ",
      make("a", { href: linkTo("torrents", torrent.info_hash) }, torrentName(torrent)),
      torrent.size ? ` (${bytes(torrent.size)})` : "",
      items.length > 1 ? ", v1 and v2" : "",
    );
  } catch (error) {
    finish(line, error.status === 409 ? "same" : "failed");
    words.replaceChildren(error.message);
  }
}

function finish(line, state) {
  line.dataset.state = state;
  line.firstChild.replaceChildren(icon(state === "failed" ? "close" : "done"));
}
