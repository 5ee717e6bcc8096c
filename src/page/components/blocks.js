// Blocking and unblocking a torrent.

import { apiPath, send } from "../core/api.js";
import { torrentName } from "../core/format.js";
import { notify } from "../core/notices.js";
import { confirmAction, openPrompt } from "./dialog.js";

/** Calls `done()` after the torrent is blocked. */
export function blockTorrent({ info_hash }, done) {
  openPrompt("Block torrent", "Reason (shown to the client)", "", "Block", async (reason) => {
    await send("POST", "blocks", { info_hash, ...(reason.trim() && { reason: reason.trim() }) });
    notify("Blocked. Its peers are removed and its announces are rejected.");
    done();
  });
}

/** Calls `done()` after the torrent is unblocked. */
export async function unblockTorrent(torrent, done) {
  const confirmed = await confirmAction(
    "Unblock torrent?",
    `Announces of “${torrentName(torrent)}” will be allowed again.`,
    "Unblock",
  );
  if (!confirmed) return;
  try {
    await send("DELETE", apiPath(["blocks", torrent.info_hash]));
    notify("Unblocked.");
    done();
  } catch (error) {
    notify(error.message, "bad");
  }
}
