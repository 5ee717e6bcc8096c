// Cards with a live value and a sparkline each. Selecting one plots it.

import { make, setAttribute, setLiveText, setText, show } from "../core/dom.js";
import { STATS } from "../core/stat_definitions.js";
import { createSparkline } from "./sparkline.js";

/** Calls `onChoice(stat)`. */
export function createStatCards(onChoice) {
  const cards = STATS.map((stat) => createCard(stat, onChoice));
  const node = make(
    "div",
    { class: "stats", role: "group", "aria-label": "Statistics (select one to plot)" },
    cards.map((card) => card.node),
  );
  return {
    node,
    choose: (stat) => cards.forEach((card) => card.choose(stat)),
    show: (totals, samples) => cards.forEach((card) => card.show(totals, samples)),
  };
}

function createCard(stat, onChoice) {
  const number = make("span", { class: "stat-number" });
  const unit = make("span", { class: "stat-unit" });
  const note = make("span", { class: "stat-note" });
  const spark = createSparkline(stat.color);
  const node = make(
    "button",
    { type: "button", class: "stat", "data-stat": stat.key, onclick: () => onChoice(stat) },
    make("span", { class: "stat-label" }, stat.label),
    make("span", { class: "stat-value" }, number, unit),
    note,
    spark.node,
  );
  return {
    node,
    choose: (chosen) => setAttribute(node, "aria-pressed", chosen === stat),
    show(totals, samples) {
      const value = stat.value(totals);
      setLiveText(number, value.number);
      setText(unit, value.unit ? `\u00a0${value.unit}` : "");
      setText(note, stat.note(totals));
      spark.show(samples, stat.of);
    },
  };
}
