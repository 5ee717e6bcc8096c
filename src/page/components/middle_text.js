// A text that is cut in the middle where it does not fit: names of files often differ in their last letters.

import { make, setAttribute } from "../core/dom.js";

const END_LENGTH = 8;
const SHORT = 3 * END_LENGTH; // a shorter text is one piece
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/; // its end would stand at the wrong side

/** The style sheet cuts the first of two parts. `node` is a link or button: its label is the whole text. */
export function setMiddleText(node, text) {
  if (node.dataset.text === text) return;
  const letters = [...text];
  const isCut = letters.length >= SHORT && !RIGHT_TO_LEFT.test(text);
  const at = isCut ? letters.length - END_LENGTH : letters.length;
  setAttribute(node, "data-text", text);
  setAttribute(node, "aria-label", isCut ? text : null);
  node.classList.toggle("is-middle", isCut);
  node.replaceChildren(
    make("span", { class: "middle-start" }, letters.slice(0, at).join("")),
    isCut ? make("span", { class: "middle-end" }, letters.slice(at).join("")) : "",
  );
}
