// Renaming and unregistering a torrent.

import { apiPath, send } from "../core/api.js";
import { torrentName } from "../core/format.js";
import { notify } from "../core/notices.js";
import { confirmAction, openPrompt } from "./dialog.js";

/** Calls `done()` after the torrent is renamed. A torrent that is not registered is registered by its name. */
export function renameTorrent({ info_hash, name, registered }, done) {
  const title = name ? "Rename torrent" : registered ? "Name torrent" : "Name and register torrent";
  openPrompt(title, "Name", name ?? "", name ? "Rename" : "Save", async (newName) => {
    if (registered) await send("PATCH", apiPath(["torrents", info_hash]), { name: newName });
    else await send("POST", "torrents", { info_hash, name: newName });
    done();
  });
}

/** Calls `done()` after the torrent is unregistered. */
export async function removeTorrent(torrent, done) {
  const confirmed = await confirmAction(
    "Unregister torrent?",
    `“${torrentName(torrent)}” will be unregistered and its .torrent file deleted.`,
    "Unregister",
  );
  if (!confirmed) return;
  try {
    await send("DELETE", apiPath(["torrents", torrent.info_hash]));
    notify(`Unregistered “${torrentName(torrent)}”.`);
    done();
  } catch (error) {
    notify(error.message, "bad");
  }
}
