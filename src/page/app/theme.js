// The light and dark theme: the system's setting, unless the user has chosen one.

import { setAttribute } from "../core/dom.js";
import { icon } from "../core/icons.js";

const KEY = "skep.theme";
const root = document.documentElement;

function isDark() {
  return root.dataset.theme === "dark";
}

/** Calls `onChange()` after each change of the theme. */
export function createThemeButton(button, onChange) {
  function setTheme(theme) {
    root.dataset.theme = theme;
    button.replaceChildren(icon(isDark() ? "sun" : "moon"));
    setAttribute(button, "aria-label", isDark() ? "Switch to light theme" : "Switch to dark theme");
    setAttribute(button, "title", isDark() ? "Light theme" : "Dark theme");
    onChange();
  }

  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    storeTheme(theme);
    setTheme(theme);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (system) => {
    if (!storedTheme()) setTheme(system.matches ? "dark" : "light");
  });
  setTheme(root.dataset.theme);
}

function storedTheme() {
  try {
    return localStorage.getItem(KEY);
  } catch (refusal) {
    return null;
  }
}

function storeTheme(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch (refusal) {
    // Storage is disabled: the choice is kept until the page is reloaded.
  }
}
