// Tells screen readers, politely and not too often, how the swarms stand.

import { setText } from "../core/dom.js";
import { counted } from "../core/format.js";

const PERIOD_MS = 10000;

export function createSummary(node) {
  let said_ms = 0;
  return ({ totals }) => {
    if (Date.now() - said_ms < PERIOD_MS) return;
    const changed = setText(
      node,
      `${counted(totals.seeders, "seeder")}, ${counted(totals.leechers, "leecher")}, ${counted(totals.torrents, "torrent")}.`,
    );
    if (changed) said_ms = Date.now();
  };
}
