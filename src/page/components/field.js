// Fields of forms.

import { make } from "../core/dom.js";

/** A field with its name above it. */
export function labelled(words, field) {
  return make("label", { class: "labelled" }, make("span", { class: "label" }, words), field);
}
