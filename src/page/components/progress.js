// How much of a torrent a peer has, as a bar with its percentage.

import { make, setAttribute, setText } from "../core/dom.js";
import { bytes, percent } from "../core/format.js";

export function makeProgress() {
  const bar = make("progress", { max: 1, class: "progress" });
  const words = make("span", { class: "progress-words" });
  return {
    node: make("span", { class: "progress-line" }, bar, words),
    /** `peer` has progress and left, either of which may be null, and role. */
    update(peer) {
      const known = peer.progress !== null && peer.progress !== undefined;
      bar.hidden = !known;
      if (known) bar.value = peer.progress;
      setAttribute(bar, "data-full", peer.progress >= 1);
      setAttribute(bar, "aria-label", `Progress of ${peer.address}`);
      setText(words, known ? percent(peer.progress) : sayLeft(peer));
    },
  };
}

function sayLeft({ role, left }) {
  if (role === "seeder") return percent(1);
  return left === null || left === undefined ? "not known" : `${bytes(left)} left`;
}
