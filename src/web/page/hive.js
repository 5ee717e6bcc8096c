// The skep in the overview with its bees: one for each peer, up to a number, seeders in honey and
// leechers in blue. Decoration; the sentence beside it says the same.

import { make, makeSvg } from "./dom.js";

const MOST = 36;
const CENTER = 100;
// Turns by the golden angle: however many bees there are, they never fly in a row.
const GOLDEN_TURN = 137.508;

export function createHive() {
  const flight = makeSvg("g", { class: "flight" });
  const sky = makeSvg("svg", { class: "hive-sky", viewBox: "0 0 200 200" }, flight);
  const node = make(
    "div",
    { class: "hive", "aria-hidden": "true" },
    make("img", { class: "hive-skep", src: "/assets/icon.svg", alt: "", width: 96, height: 96 }),
    sky,
  );
  const bees = [];
  return {
    node,
    show(seeders, leechers) {
      const all = seeders + leechers;
      const wanted = Math.min(MOST, all);
      const honey = all ? Math.round((wanted * seeders) / all) : 0;
      while (bees.length < wanted) flight.append(addBee(bees));
      while (bees.length > wanted) bees.pop().remove();
      bees.forEach((bee, index) => bee.classList.toggle("is-seeder", index < honey));
    },
  };
}

function addBee(bees) {
  const index = bees.length;
  const radius = 62 + ((index * 29) % 33);
  const dot = makeSvg("circle", {
    cx: CENTER + radius,
    cy: CENTER,
    r: 2.4 + (index % 3) * 0.5,
    class: "bee-dot",
  });
  const bee = makeSvg("g", { class: "bee" }, dot);
  const turn_s = 26 + ((index * 7) % 19);
  bee.style.animationDuration = `${turn_s}s`;
  bee.style.animationDelay = `${-(((index * GOLDEN_TURN) % 360) / 360) * turn_s}s`;
  bee.style.rotate = `${(index * GOLDEN_TURN) % 360}deg`;
  bee.style.animationDirection = index % 5 === 4 ? "reverse" : "normal";
  bees.push(bee);
  return bee;
}
