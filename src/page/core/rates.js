// How fast data moves, as the clients' own totals tell it.

import { rate, UNKNOWN } from "./format.js";

/** What is sent in a swarm is received in it; clients tell of it at different moments. */
export function transferRate({ upload_rate, download_rate }) {
  return Math.max(upload_rate ?? 0, download_rate ?? 0);
}

/** "↑ 3 MiB/s ↓ 1 MiB/s", without what does not move. */
export function bothRates({ upload_rate, download_rate }) {
  const parts = [upload_rate && `↑ ${rate(upload_rate)}`, download_rate && `↓ ${rate(download_rate)}`];
  return parts.filter(Boolean).join("  ") || UNKNOWN;
}
