// Light or dark: as the system has it, until somebody chooses.

import { setAttribute } from "../core/dom.js";
import { icon } from "../core/icons.js";

const KEY = "skep.theme";
const root = document.documentElement;

export function isDark() {
  return root.dataset.theme === "dark";
}

/** `changed` hears of each change. */
export function createThemeButton(button, changed) {
  function put(theme) {
    root.dataset.theme = theme;
    button.replaceChildren(icon(isDark() ? "sun" : "moon"));
    setAttribute(button, "aria-label", isDark() ? "Switch to the light theme" : "Switch to the dark theme");
    setAttribute(button, "title", isDark() ? "Light theme" : "Dark theme");
    changed();
  }

  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    remember(theme);
    put(theme);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (system) => {
    if (!remembered()) put(system.matches ? "dark" : "light");
  });
  put(root.dataset.theme);
}

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch (refusal) {
    return null;
  }
}

function remember(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch (refusal) {
    // Without storage the choice lasts until the page is loaded again.
  }
}
