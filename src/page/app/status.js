// The state of the connection to the tracker in the header and as a banner, and the totals for screen
// readers.

import { prefersReducedMotion, setAttribute, setText, show } from "../core/dom.js";
import { pluralize } from "../core/format.js";

// Transform and opacity are animated by the compositor, without repainting.
const RING = [
  { transform: "none", opacity: 0.5 },
  { transform: "scale(3)", opacity: 0 },
];
const RIPPLE = { duration: 900, easing: "ease-out", pseudoElement: "::after" };
const ANNOUNCE_PERIOD_MS = 10000;

export function createConnectionStatus() {
  const indicator = document.getElementById("connection");
  const label = document.getElementById("connection-text");
  const banner = document.getElementById("connection-lost");
  let lost = false;

  return {
    /** Animates the indicator after an event. */
    ripple() {
      if (prefersReducedMotion()) return;
      indicator.firstElementChild.animate(RING, RIPPLE);
    },
    /** `failure`: an ApiError, or null. Returns whether a lost connection has been restored. */
    report(failure) {
      const restored = lost && !failure?.unreachable;
      lost = Boolean(failure?.unreachable);
      setAttribute(indicator, "data-state", lost ? "lost" : "live");
      setText(label, lost ? "Disconnected" : "Live");
      show(banner, lost);
      document.body.classList.toggle("is-disconnected", lost);
      return restored;
    },
  };
}

/** Announces the totals to screen readers, at most every ten seconds. */
export function createAnnouncer(node) {
  let announced_ms = 0;
  return ({ totals }) => {
    if (Date.now() - announced_ms < ANNOUNCE_PERIOD_MS) return;
    const text = `${pluralize(totals.seeders, "seeder")}, ${pluralize(totals.leechers, "leecher")}, ${pluralize(totals.torrents, "torrent")}.`;
    if (setText(node, text)) announced_ms = Date.now();
  };
}
