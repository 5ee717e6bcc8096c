// Buttons to step through the pages of a list.

import { make, setText, show } from "../core/dom.js";
import { count } from "../core/format.js";
import { icon } from "../core/icons.js";

/** Calls `onPage(page)`. Pages count from 1. */
export function createPager(label, onPage) {
  let page = 1;
  const back = make(
    "button",
    { type: "button", class: "button", onclick: () => onPage(page - 1) },
    icon("back"),
    "Previous",
  );
  const next = make(
    "button",
    { type: "button", class: "button", onclick: () => onPage(page + 1) },
    "Next",
    icon("next"),
  );
  const place = make("p", { class: "pager-place" });
  const node = make("nav", { class: "pager", "aria-label": label }, back, place, next);
  return {
    node,
    /** `offset` and `limit` of the request, `total` of its response. */
    show({ offset, limit, total }) {
      page = Math.floor(offset / limit) + 1;
      const last = Math.max(1, Math.ceil(total / limit));
      back.disabled = page <= 1;
      next.disabled = page >= last;
      setText(
        place,
        `${count(Math.min(offset + 1, total))}–${count(Math.min(offset + limit, total))} of ${count(total)}`,
      );
      show(node, total > limit);
    },
  };
}
