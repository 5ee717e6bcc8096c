// Tables that are updated in place. Rows keep their order while the pointer or the focus is in them. On a
// phone the style sheet shows each row as two lines, so every cell carries its column's label and an
// explicit role.

import { createList, isInUse, make, setAttribute, setLiveText, setText, show } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { goTo } from "../core/router.js";
import { setMiddleText } from "./middle_text.js";
import { keepOrder } from "./row_order.js";

/** columns: [{ label, sort: the API's name of the order (optional), descending: sort the greatest
 * first, numeric, lead: this column names the row, long: its texts may wrap, hideLabel, sortLabel: the
 * label in the list of orders (optional), phone: on a phone "hide", "first" (on the row's first line) or the
 * text after the value instead of the label before it, or a function of the item that returns that text,
 * build(cell): fills the cell and returns a function that updates it for an item }]. `key(item)` is unique.
 * `linkOf(item)`: target of a click on the row (optional). `detail()`: returns { node, update(item) } to
 * show under an expanded row (optional); `detailLabel(item)` labels its button. */
export function createTable(options) {
  const { caption, columns, onSort } = options;
  const head = make("thead", { role: "rowgroup" });
  const table = make(
    "table",
    { class: "table", role: "table" },
    make("caption", { class: "visually-hidden" }, caption),
    head,
  );
  const empty = make("div", { class: "empty", hidden: true });
  const node = make("div", { class: "table-frame" }, table, empty);
  const headings = columns.map((column) => makeHeading(column, sortBy));
  head.append(
    make(
      "tr",
      { role: "row" },
      headings.map((heading) => heading.node),
    ),
  );
  const showRows = createList(table, options.key, (item) => createRow(options, item));
  const chooser = makeSortChooser(columns, (sort, order) => onSort(sort, order));
  let sorted = { sort: null, order: null },
    shown = []; // keys of the rows

  /** Toggles the direction if the table is sorted by this column already. */
  function sortBy(column) {
    const first = column.descending ? "desc" : "asc";
    const other = column.descending ? "asc" : "desc";
    onSort(column.sort, sorted.sort === column.sort && sorted.order === first ? other : first);
  }

  return {
    node,
    chooser,
    /** `emptyText` is shown if there are no items. `reorder`: rows may move although they are in use. */
    show(items, emptyText, { reorder = false } = {}) {
      const held = !reorder && [...table.tBodies].some(isInUse);
      const ordered = held ? keepOrder(shown, items, options.key) : items;
      shown = ordered.map(options.key);
      showRows(ordered);
      show(table, items.length > 0);
      show(empty, items.length === 0);
      setText(empty, emptyText);
    },
    showSort(sort, order) {
      sorted = { sort, order };
      for (const heading of headings) heading.showSort(sorted);
      chooser.querySelector("select").value = `${sort} ${order}`;
    },
  };
}

function makeHeading(column, sortBy) {
  const attributes = { scope: "col", role: "columnheader", class: column.numeric ? "numeric" : null };
  if (!column.sort) {
    const label = column.hideLabel ? make("span", { class: "visually-hidden" }, column.label) : column.label;
    return { node: make("th", attributes, label), showSort() {} };
  }
  const button = make(
    "button",
    { type: "button", class: "sort", onclick: () => sortBy(column) },
    column.label,
    make("span", { class: "sort-mark", "aria-hidden": "true" }, icon("up")),
  );
  const node = make("th", attributes, button);
  return {
    node,
    showSort({ sort, order }) {
      const on = sort === column.sort;
      setAttribute(node, "aria-sort", on ? (order === "desc" ? "descending" : "ascending") : null);
    },
  };
}

/** For phones, where the table head is hidden. */
function makeSortChooser(columns, onSort) {
  const select = make(
    "select",
    { class: "field", "aria-label": "Sort by" },
    columns
      .filter(({ sort }) => sort)
      .map((column) => {
        const orders = column.descending ? ["desc", "asc"] : ["asc", "desc"];
        return orders.map((order) =>
          make(
            "option",
            { value: `${column.sort} ${order}` },
            `${column.sortLabel ?? column.label} ${order === "asc" ? "↑" : "↓"}`,
          ),
        );
      }),
  );
  select.addEventListener("change", () => onSort(...select.value.split(" ")));
  return make("div", { class: "sort-chooser" }, select);
}

/** A <tbody> with the row and, while it is expanded, its detail row. */
function createRow(options, first) {
  let item = first;
  const row = make("tr", { role: "row" });
  const node = make("tbody", { role: "rowgroup" }, row);
  const updates = options.columns.map((column) => buildCell(row, column));
  const detail = options.detail ? makeDetail(options, node, row) : null;
  if (options.linkOf) {
    row.classList.add("is-link");
    row.addEventListener("click", (event) => followRowLink(event, options.linkOf(item)));
  }
  return {
    node,
    update(next) {
      item = next;
      for (const update of updates) update(item);
      detail?.update(item);
    },
  };
}

function buildCell(row, column) {
  const isUnitOf = typeof column.phone === "function";
  const cell = column.lead
    ? make("th", { scope: "row", role: "rowheader", class: "lead" })
    : make("td", { role: "cell", "data-label": column.label, class: column.numeric ? "numeric" : null });
  if (column.long) cell.classList.add("long");
  if (column.hideLabel) cell.classList.add("bare");
  if (column.phone === "hide" || column.phone === "first") cell.classList.add(`phone-${column.phone}`);
  else if (!isUnitOf) setAttribute(cell, "data-unit", column.phone);
  row.append(cell);
  const update = column.build(cell);
  if (!isUnitOf) return update;
  return (item) => {
    setAttribute(cell, "data-unit", column.phone(item));
    update(item);
  };
}

function followRowLink(event, link) {
  const onControl = event.target.closest("a, button, input, select, summary, label");
  if (!onControl && String(getSelection()) === "") goTo(link);
}

function makeDetail(options, group, row) {
  let detail = null;
  const button = make(
    "button",
    { type: "button", class: "icon-button disclose", "aria-expanded": "false" },
    icon("down"),
  );
  row.querySelector(".disclose-place").append(button);
  const cell = make("td", { role: "cell", class: "detail", colspan: options.columns.length });
  const under = make("tr", { role: "row", class: "detail-row" }, cell);
  let item = null;
  button.addEventListener("click", () => {
    detail = detail ? null : options.detail();
    setAttribute(button, "aria-expanded", detail !== null);
    if (!detail) return under.remove();
    cell.replaceChildren(detail.node);
    group.append(under);
    return detail.update(item);
  });
  return {
    update(next) {
      item = next;
      setAttribute(button, "aria-label", options.detailLabel(item));
      detail?.update(item);
    },
  };
}

/** The column without an order, for tables that the tracker does not sort. */
export const unsorted = (column) => ({ ...column, sort: null });

/** Common values of `build`. */
export function textCell(textOf) {
  return (cell) => (item) => setText(cell, textOf(item));
}

/** Highlights a changed text. */
export function liveCell(textOf) {
  return (cell) => (item) => setLiveText(cell, textOf(item));
}

/** A link to `linkOf(item)` with a smaller text `noteOf(item)` below it (optional), which a phone leaves out if
 * `hidesNote`. `isFaint(item)`: the text only stands in for a missing one (optional). */
export function linkCell(textOf, linkOf, noteOf, hidesNote = false, isFaint = null) {
  return (cell) => {
    const link = make("a", { class: "row-link" });
    const note = noteOf ? make("span", { class: hidesNote ? "note phone-hide" : "note" }) : null;
    cell.append(make("span", { class: "lead-line" }, link, note));
    return (item) => {
      setMiddleText(link, textOf(item));
      setAttribute(link, "href", linkOf(item));
      setAttribute(link, "title", textOf(item));
      if (isFaint) setAttribute(link, "data-unnamed", isFaint(item));
      if (note) setText(note, noteOf(item));
    };
  };
}

/** `makeBadge()` returns { node, update(value) }. */
export function badgeCell(makeBadge, valueOf) {
  return (cell) => {
    const badge = makeBadge();
    cell.append(badge.node);
    return (item) => badge.update(valueOf(item));
  };
}
