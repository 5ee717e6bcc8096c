// The skep in the overview with its bees: one for each peer, up to a number, seeders in honey and
// leechers in blue. They fly for a moment when something happens. Decoration; the sentence beside it
// says the same.

import { make } from "../core/dom.js";

const MOST = 32;
const FLIGHT_MS = 5000;
// Multiples of these two, less their whole parts, spread evenly over a square, however many there are:
// the powers of the real root of x³ = x + 1, upside down.
const SPREAD = [0.7548776662, 0.569840291];

export function createHive() {
  const node = make(
    "div",
    { class: "hive", "aria-hidden": "true" },
    make("img", { class: "hive-skep", src: "/assets/icon.svg", alt: "", width: 104, height: 104 }),
  );
  const bees = [];
  let rest = null;
  return {
    node,
    /** Something has happened. */
    stir() {
      node.classList.add("is-stirred");
      clearTimeout(rest);
      rest = setTimeout(() => node.classList.remove("is-stirred"), FLIGHT_MS);
    },
    show(seeders, leechers) {
      const all = seeders + leechers;
      const wanted = Math.min(MOST, all);
      const honey = all ? Math.round((wanted * seeders) / all) : 0;
      while (bees.length < wanted) node.append(addBee(bees));
      while (bees.length > wanted) bees.pop().remove();
      bees.forEach((bee, index) => bee.classList.toggle("is-seeder", index < honey));
    },
  };
}

/** A dot that turns about the middle of the sky: the browser can do that without painting it anew. */
function addBee(bees) {
  const index = bees.length;
  const bee = make("span", { class: "bee" });
  const [turn, far] = SPREAD.map((share) => (index * share) % 1);
  const turn_s = 26 + ((index * 7) % 19);
  bee.style.setProperty("--turn", `${turn * 360}deg`);
  bee.style.setProperty("--far", (0.62 + far * 0.36).toFixed(3));
  bee.style.setProperty("--size", `${4.8 + (index % 3)}px`);
  bee.style.animationDuration = `${turn_s}s`;
  bee.style.animationDirection = index % 5 === 4 ? "reverse" : "normal";
  bees.push(bee);
  return bee;
}
