// Entries of the database that the cluster did not have when this node joined it.

import { send } from "../core/api.js";
import { pluralize } from "../core/format.js";
import { notify } from "../core/notices.js";
import { confirmAction } from "../components/dialog.js";

const KINDS = [
  ["torrents", "torrent"],
  ["passkeys", "passkey"],
  ["names", "machine name"],
];

/** Their number, of all kinds. */
export function countSetAside({ cluster }) {
  return KINDS.reduce((sum, [kind]) => sum + (cluster?.set_aside?.[kind] ?? 0), 0);
}

/** Adds them to the cluster, if the user confirms it, and calls `done()`. */
export async function addSetAside({ cluster }, done) {
  const kinds = KINDS.filter(([kind]) => cluster.set_aside[kind] > 0);
  const numbers = kinds.map(([kind, noun]) => pluralize(cluster.set_aside[kind], noun));
  const confirmed = await confirmAction(
    "Add to the cluster?",
    `The database of this node has entries that the cluster did not have when the node joined: ${numbers.join(", ")}. They have no effect. Once added, they apply on all nodes.`,
    "Add to cluster",
  );
  if (!confirmed) return;
  let added = 0;
  try {
    for (let more = true; more; ) {
      const answer = await send("POST", "cluster/import");
      added += answer.imported;
      more = answer.more && answer.imported > 0;
    }
    notify(`Added ${pluralize(added, "entry", "entries")} to the cluster.`);
  } catch (error) {
    notify(added > 0 ? `Added ${pluralize(added, "entry", "entries")}. ${error.message}` : error.message, "bad");
  }
  done();
}
