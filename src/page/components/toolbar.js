// What stands above a long list: a search field, a choice of which items, and how many there are.

import { make, setAttribute, setText } from "../core/dom.js";
import { icon } from "../core/icons.js";

const TYPING_MS = 180;

/** `onSearch(text)` is called once the typing pauses. */
export function createSearch(label, placeholder, onSearch) {
  const field = make("input", {
    class: "field search-field",
    type: "search",
    "aria-label": label,
    placeholder,
    autocomplete: "off",
    spellcheck: "false",
    "data-search": true,
  });
  let timer = null;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => onSearch(field.value.trim()), TYPING_MS);
  });
  const node = make(
    "div",
    { class: "search", role: "search" },
    icon("search"),
    field,
    make("kbd", { "aria-hidden": "true" }, "/"),
  );
  return {
    node,
    show(text) {
      if (document.activeElement !== field) field.value = text;
    },
  };
}

/** One of a few: choices are [value, words]; `onChoice(value)`. */
export function createChoice(label, choices, onChoice) {
  const buttons = choices.map(([value, words]) =>
    make(
      "button",
      { type: "button", class: "choice-button", "data-value": value, onclick: () => onChoice(value) },
      words,
    ),
  );
  const node = make("div", { class: "choice", role: "group", "aria-label": label }, buttons);
  return {
    node,
    show(value) {
      for (const button of buttons) setAttribute(button, "aria-pressed", button.dataset.value === value);
    },
  };
}

/** "1,234 torrents", told to screen readers when it changes. */
export function createTally() {
  const node = make("p", { class: "tally", "aria-live": "polite" });
  return { node, show: (text) => setText(node, text) };
}
