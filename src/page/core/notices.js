// Short messages at the bottom of the page, announced by screen readers.

import { make, topDialog } from "./dom.js";

const SHOWN_MS = 4000;
const NOTICES_MAX = 4;

/** `tone` is "good" or "bad". */
export function notify(text, tone = "good") {
  const area = document.getElementById("notices");
  const notice = make("p", { class: `notice notice-${tone}` }, text);
  (topDialog() ?? area).append(notice);
  while (area.children.length > NOTICES_MAX) area.firstElementChild.remove();
  setTimeout(() => notice.remove(), tone === "bad" ? 2 * SHOWN_MS : SHOWN_MS);
}
