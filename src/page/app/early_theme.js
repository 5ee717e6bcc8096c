// Sets the theme before the first paint, so that a dark page never flashes white. A plain script in
// the head; theme.js does the rest.
"use strict";
(function () {
  let chosen = null;
  try {
    chosen = localStorage.getItem("skep.theme");
  } catch (refusal) {
    // No storage: the system's theme it is.
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = chosen || (dark ? "dark" : "light");
})();
