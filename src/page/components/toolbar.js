// Controls above a list: a search field, and buttons to choose one of several options.

import { make, setAttribute, show } from "../core/dom.js";
import { icon } from "../core/icons.js";

const PAUSE_MS = 180;

/** Calls `onSearch(text)` when the user pauses typing. */
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
    timer = setTimeout(() => onSearch(field.value.trim()), PAUSE_MS);
  });
  const node = make(
    "div",
    { class: "search", role: "search", "aria-label": label },
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

/** A group of buttons, one of which is pressed. `choices`: [value, label]. `select` has the same choices for
 * phones. `spread`: the group takes the whole width of a phone. */
export function createChoice(label, choices, onChoice, spread = false) {
  const buttons = choices.map(([value, text]) =>
    make(
      "button",
      { type: "button", class: "choice-button", "data-value": value, onclick: () => onChoice(value) },
      text,
    ),
  );
  const node = make("div", { class: spread ? "choice spread" : "choice", role: "group", "aria-label": label }, buttons);
  const select = make(
    "select",
    { class: "field choice-select", "aria-label": label, onchange: () => onChoice(select.value) },
    choices.map(([value, text]) => make("option", { value }, text)),
  );
  return {
    node,
    select,
    show(value) {
      select.value = value;
      for (const button of buttons) setAttribute(button, "aria-pressed", button.dataset.value === value);
    },
  };
}
