// Steps through the pages of a list: previous and next, and for long lists first, last and a page field.

import { make, setAttribute, setText, show } from "../core/dom.js";
import { count } from "../core/format.js";
import { icon } from "../core/icons.js";

const SIZES = [20, 50, 100, 200];
const FEW_PAGES = 2; // previous and next reach all of them

/** The page size in a list's URL; null: none, or not one of the choices. */
export function readPageSize(text) {
  const size = Number(text);
  return SIZES.includes(size) ? size : null;
}

/** Calls `onPage(page)` and `onSize(size)`. Pages count from 1. `usual`: the page size of the list without
 * a choice by the user. */
export function createPager(label, usual, { onPage, onSize }) {
  let page = 1,
    last = 1;
  const button = (text, to, before, after) =>
    make("button", { type: "button", class: "button", onclick: () => onPage(to()) }, before, text, after);
  const first = button("First", () => 1);
  const back = button("Previous", () => page - 1, icon("back"));
  const next = button("Next", () => page + 1, null, icon("next"));
  const end = button("Last", () => last);
  const field = make("input", {
    class: "field pager-field",
    type: "number",
    min: 1,
    inputmode: "numeric",
    "aria-label": "Page",
  });
  const of = make("span");
  const jump = make("label", { class: "pager-jump" }, "Page", field, of);
  const size = make(
    "select",
    { class: "field", "aria-label": "Page size" },
    SIZES.map((value) => make("option", { value }, value)),
  );
  const sizes = make("label", { class: "pager-size" }, size, "per page");
  const place = make("p", { class: "pager-place" });
  const node = make("nav", { class: "pager", "aria-label": label }, first, back, jump, next, end, place, sizes);
  field.addEventListener("change", () => {
    const wanted = Math.min(last, Math.max(1, Number.parseInt(field.value, 10) || page));
    field.value = wanted;
    if (wanted !== page) onPage(wanted);
  });
  size.addEventListener("change", () => onSize(Number(size.value)));
  return {
    node,
    /** `offset` and `limit` of the request, `total` of its response. */
    show({ offset, limit, total }) {
      page = Math.floor(offset / limit) + 1;
      last = Math.max(1, Math.ceil(total / limit));
      back.disabled = first.disabled = page <= 1;
      next.disabled = end.disabled = page >= last;
      const from = count(Math.min(offset + 1, total)),
        to = count(Math.min(offset + limit, total));
      setText(place, `${from}–${to} of ${count(total)}`);
      setText(of, `of ${count(last)}`);
      setAttribute(field, "max", last);
      if (document.activeElement !== field) field.value = page;
      if (document.activeElement !== size) size.value = limit;
      for (const part of [first, end, jump]) show(part, last > FEW_PAGES);
      show(node, total > Math.min(usual, limit));
    },
  };
}
