// How the page stands with the tracker: the small light in the head, and the calm words when it is lost.

import { prefersStillness, setAttribute, setText, show } from "../core/dom.js";

// Of these two the browser makes a movement without painting.
const RING = [
  { transform: "none", opacity: 0.5 },
  { transform: "scale(3)", opacity: 0 },
];
const RIPPLE = { duration: 900, easing: "ease-out", pseudoElement: "::after" };

export function createConnection() {
  const light = document.getElementById("pulse");
  const words = document.getElementById("pulse-text");
  const lost = document.getElementById("lost");
  let failures = 0;

  function put(state, text) {
    setAttribute(light, "data-state", state);
    setText(words, text);
  }

  return {
    /** Something has happened: the light gives a ripple. */
    ripple() {
      if (prefersStillness()) return;
      light.firstElementChild.animate(RING, RIPPLE);
    },
    /** `failure`: an ApiError, or null. Returns whether the tracker is back from having been lost. */
    report(failure) {
      if (!failure?.lost) {
        const back = failures > 0;
        failures = 0;
        put("live", "Live");
        show(lost, false);
        document.body.classList.remove("is-lost");
        return back;
      }
      failures++;
      put("lost", "Reconnecting");
      show(lost, true);
      document.body.classList.add("is-lost");
      return false;
    },
  };
}
