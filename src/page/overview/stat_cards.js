// The overview's cards: a large live figure each, its last hour as a curve. Pressing one plots it.

import { make, setAttribute, setFigure, setText } from "../core/dom.js";
import { FIGURES } from "../core/figures.js";
import { createSparkline } from "../components/sparkline.js";

/** `onChoice(figure)` */
export function createStatCards(onChoice) {
  const cards = FIGURES.map((figure) => createCard(figure, onChoice));
  const node = make(
    "div",
    { class: "stats", role: "group", "aria-label": "Figures; press one to plot it" },
    cards.map((card) => card.node),
  );
  return {
    node,
    choose: (figure) => cards.forEach((card) => card.choose(figure)),
    show: (totals, samples) => cards.forEach((card) => card.show(totals, samples)),
  };
}

function createCard(figure, onChoice) {
  const number = make("span", { class: "stat-number" });
  const unit = make("span", { class: "stat-unit" });
  const spark = createSparkline(figure.color);
  const node = make(
    "button",
    { type: "button", class: "stat", "data-figure": figure.key, onclick: () => onChoice(figure) },
    make("span", { class: "stat-label" }, figure.label),
    make("span", { class: "stat-figure" }, number, unit),
    spark.node,
  );
  return {
    node,
    choose: (chosen) => setAttribute(node, "aria-pressed", chosen === figure),
    show(totals, samples) {
      const said = figure.say(totals);
      setFigure(number, said.number);
      setText(unit, said.unit ? ` ${said.unit}` : "");
      spark.show(samples, figure.of);
    },
  };
}
