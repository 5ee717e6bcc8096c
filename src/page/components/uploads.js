// Registers .torrent files one after the other and lists their results.

import { send } from "../core/api.js";
import { make } from "../core/dom.js";
import { bytes, torrentName } from "../core/format.js";
import { icon } from "../core/icons.js";
import { linkTo } from "../core/router.js";

const list = make("ol", { class: "uploads", "aria-live": "polite", "aria-label": "Uploaded files" });
let queue = Promise.resolve();

/** The results since the page was loaded. The same element for all callers. */
export function uploadResults() {
  return list;
}

/** Resolves when all files are done. Errors are shown in the results. */
export function uploadFiles(files) {
  for (const file of files) {
    const result = make("span", { class: "upload-text" }, "Waiting…");
    const item = make(
      "li",
      { class: "upload", "data-state": "wait" },
      make("span", { class: "upload-mark", "aria-hidden": "true" }),
      make("span", { class: "upload-name" }, file.name),
      result,
    );
    list.prepend(item);
    queue = queue.then(() => uploadFile(file, item, result));
  }
  return queue;
}

async function uploadFile(file, item, result) {
  try {
    const { items } = await send("POST", "torrents", file);
    setState(item, "done");
    const [torrent] = items;
    result.replaceChildren(
      "Registered as ",
      make("a", { href: linkTo("torrents", torrent.info_hash) }, torrentName(torrent)),
      torrent.size ? ` (${bytes(torrent.size)})` : "",
      items.length > 1 ? ", v1 and v2" : "",
    );
  } catch (error) {
    setState(item, error.status === 409 ? "same" : "failed");
    result.replaceChildren(error.status === 409 ? "Already registered" : error.message);
  }
}

function setState(item, state) {
  item.dataset.state = state;
  item.firstChild.replaceChildren(icon(state === "failed" ? "close" : "done"));
}
