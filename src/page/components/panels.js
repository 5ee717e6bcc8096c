// Blocks that several views show: cards, facts and warnings.

import { createList, make, setLiveText, show } from "../core/dom.js";
import { icon } from "../core/icons.js";

let cards = 0;

/** A card with a heading. `style`: class names (optional). `head`: content beside the heading. */
export function makeCard(title, { style, head = null } = {}, ...content) {
  const id = `card-title-${++cards}`;
  return make(
    "section",
    { class: style ? `card ${style}` : "card", "aria-labelledby": id },
    make("div", { class: "card-head" }, make("h2", { id }, title), head),
    content,
  );
}

/** `facts`: [label, function of the shown item that returns the value]. `sentences`: values may have several
 * lines. */
export function createFacts(facts, { sentences = false } = {}) {
  const values = facts.map(() => make("dd"));
  const node = make(
    "dl",
    { class: sentences ? "facts sentences" : "facts" },
    facts.map(([label], index) => make("div", { class: "fact" }, make("dt", null, label), values[index])),
  );
  return {
    node,
    show: (item) => facts.forEach(([, valueOf], index) => setLiveText(values[index], valueOf(item))),
  };
}

/** A list of warnings, hidden while it is empty. */
export function createWarnings(label) {
  const node = make("ul", { class: "warnings", "aria-label": label });
  const showTexts = createList(node, (text) => text, createWarning);
  return {
    node,
    show(texts) {
      show(node, texts.length > 0);
      showTexts(texts);
    },
  };
}

function createWarning(text) {
  return { node: make("li", { class: "warning" }, icon("warning"), make("span", null, text)), update() {} };
}
