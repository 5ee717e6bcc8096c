// How the page stands with the tracker: the small light in the head, and the calm words when it is lost.

import { setAttribute, setText, show } from "./dom.js";

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
