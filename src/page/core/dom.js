// Creates and updates elements. Text is never parsed as markup: the names of torrents and clients
// come from untrusted peers.

const HIGHLIGHT_MS = 700;
const highlightTimers = new WeakMap();
const SVG = "http://www.w3.org/2000/svg";

/** Creates an element. `attributes` such as `onclick` take functions. `children` are nodes, texts and
 * arrays of these. Attributes and children that are null or false are left out. */
export function make(tag, attributes, ...children) {
  return fillElement(document.createElement(tag), attributes, children);
}

/** The same for an SVG element. */
export function makeSvg(tag, attributes, ...children) {
  return fillElement(document.createElementNS(SVG, tag), attributes, children);
}

function fillElement(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) setAttribute(node, name, value);
  node.append(
    ...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return node;
}

/** Writes only if the value changes, to avoid needless layout and screen reader events. */
export function setAttribute(node, name, value) {
  if (typeof value === "function") {
    node.addEventListener(name.slice(2), value);
  } else if (value === null || value === undefined || (value === false && !name.startsWith("aria-"))) {
    node.removeAttribute(name);
  } else {
    const text =
      value === true && !name.startsWith("aria-") && !name.startsWith("data-") ? "" : String(value);
    if (node.getAttribute(name) !== text) node.setAttribute(name, text);
  }
}

/** Returns whether the text changed. */
export function setText(node, text) {
  if (node.textContent === text) return false;
  node.textContent = text;
  return true;
}

/** Sets a text and highlights it briefly if it changed. Without a transition: a fading colour would
 * repaint 60 times a second. */
export function setLiveText(node, text) {
  const first = node.textContent === "";
  if (!setText(node, text) || first || prefersReducedMotion()) return;
  node.classList.add("is-new");
  clearTimeout(highlightTimers.get(node));
  highlightTimers.set(
    node,
    setTimeout(() => node.classList.remove("is-new"), HIGHLIGHT_MS),
  );
}

export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

/** Whether the pointer or the focus is in a list or table, so that it must not move. */
export function isInUse(node) {
  return node.matches(":focus-within") || (matchMedia("(hover: hover)").matches && node.matches(":hover"));
}

/** The modal dialog in front, or undefined. It covers everything outside it, which cannot be selected. */
export function topDialog() {
  return [...document.querySelectorAll("dialog[open]")].at(-1);
}

export function prefersReducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Returns a function that shows a list of items as children of `parent`, after its present children.
 * `create(item)` returns { node, update(item) }. Nodes are kept by `key(item)`, so that focus and
 * selection survive an update. */
export function createList(parent, key, create) {
  let rows = new Map();
  const before = parent.lastChild;
  return (items) => {
    const focused = document.activeElement;
    const next = new Map();
    for (const item of items) {
      const id = key(item);
      const row = rows.get(id) ?? create(item);
      row.update(item);
      next.set(id, row);
    }
    for (const [id, row] of rows) if (!next.has(id)) row.node.remove();
    rows = next;
    orderRows(parent, before, rows.values());
    if (focused !== document.activeElement && parent.contains(focused))
      focused.focus({ preventScroll: true });
  };
}

function orderRows(parent, before, rows) {
  let place = before ? before.nextSibling : parent.firstChild;
  for (const { node } of rows) {
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
}
