// Makes and changes elements. Text goes in as text only, never as markup: the names of torrents and
// of clients are strangers' words.

const NEW_MS = 700;
const fading = new WeakMap(); // the timers of figures that are new
const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes (`onclick` and the like take functions; null and false are left out)
 * and children: nodes, texts, arrays of them; null and false are left out. */
export function make(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for a part of a drawing. */
export function makeSvg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) setAttribute(node, name, value);
  node.append(
    ...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return node;
}

/** Touches the element only where something changes. */
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

/** Returns whether it was another text before. */
export function setText(node, text) {
  if (node.textContent === text) return false;
  node.textContent = text;
  return true;
}

/** A text that the eye shall notice when it changes: it is in honey for a moment. In two steps, since
 * a colour that fades is painted sixty times a second. */
export function setFigure(node, text) {
  const first = node.textContent === "";
  if (!setText(node, text) || first || prefersStillness()) return;
  node.classList.add("is-new");
  clearTimeout(fading.get(node));
  fading.set(
    node,
    setTimeout(() => node.classList.remove("is-new"), NEW_MS),
  );
}

export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

export function prefersStillness() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Keeps the children of `parent`, behind those that it has now, in step with a list of items:
 * function of the items, in order. `create(item)` returns { node, update(item) }; a node stays as
 * long as its item's `key` does, and the focus stays where it is. */
export function createList(parent, key, create) {
  const rows = new Map();
  const before = parent.lastChild;
  return (items) => {
    const focused = document.activeElement;
    const wanted = new Map();
    for (const item of items) {
      const id = key(item);
      const row = rows.get(id) ?? create(item);
      row.update(item);
      wanted.set(id, row);
    }
    for (const [id, row] of rows) if (!wanted.has(id)) row.node.remove();
    rows.clear();
    for (const [id, row] of wanted) rows.set(id, row);
    putInOrder(parent, before, wanted.values());
    if (focused !== document.activeElement && parent.contains(focused))
      focused.focus({ preventScroll: true });
  };
}

function putInOrder(parent, before, rows) {
  let place = before ? before.nextSibling : parent.firstChild;
  for (const { node } of rows) {
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
}
