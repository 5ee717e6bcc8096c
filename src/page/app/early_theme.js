// Sets the theme before the first paint, so that a dark page does not flash white. A classic script,
// because modules run after parsing; theme.js does the rest.
"use strict";
(function () {
  let chosen = null;
  try {
    chosen = localStorage.getItem("skep.theme");
  } catch (refusal) {
    // Storage is disabled: use the system's theme.
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = chosen || (dark ? "dark" : "light");
})();
