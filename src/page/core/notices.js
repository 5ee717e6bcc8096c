// Short messages at the lower edge, read out by screen readers.

import { make } from "./dom.js";

const SHOWN_MS = 4000;
const MOST = 4;

/** `tone` is "good" or "bad". */
export function notify(text, tone = "good") {
  const place = document.getElementById("notices");
  const notice = make("p", { class: `notice notice-${tone}` }, text);
  // A modal dialog covers everything else.
  (document.querySelector("dialog[open]") ?? place).append(notice);
  while (place.children.length > MOST) place.firstElementChild.remove();
  setTimeout(() => notice.remove(), tone === "bad" ? 2 * SHOWN_MS : SHOWN_MS);
}
