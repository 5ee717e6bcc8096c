// The illustration of the overview: a beehive with a bee for each peer, up to a limit. Seeders are
// yellow, leechers blue. The bees move for a few seconds after each event. Decoration only: the
// headline beside it has the same numbers.

import { make, show } from "../core/dom.js";

const BEES_MAX = 32;
const ANIMATION_MS = 5000;
// The R2 sequence: the fractional parts of multiples of these two spread any number of points evenly
// over a square.
const SPREAD = [0.7548776662, 0.569840291];

export function createHiveIllustration() {
  const node = make(
    "div",
    { class: "hive", "aria-hidden": "true" },
    make("img", { class: "hive-skep", src: "assets/icon.svg", alt: "", width: 48, height: 48 }),
  );
  const bees = [];
  let timer = null;
  return {
    node,
    animate() {
      node.classList.add("is-animated");
      clearTimeout(timer);
      timer = setTimeout(() => node.classList.remove("is-animated"), ANIMATION_MS);
    },
    show(seeders, leechers) {
      const peers = seeders + leechers;
      const count = Math.min(BEES_MAX, peers);
      const seederBees = peers ? Math.round((count * seeders) / peers) : 0;
      while (bees.length < count) {
        bees.push(makeBee(bees.length));
        node.append(bees.at(-1));
      }
      while (bees.length > count) bees.pop().remove();
      bees.forEach((bee, index) => bee.classList.toggle("is-seeder", index < seederBees));
    },
  };
}

/** A dot that circles the hive. Rotation is animated by the compositor, without repainting. */
function makeBee(index) {
  const bee = make("span", { class: "bee" });
  const [turn, far] = SPREAD.map((share) => (index * share) % 1);
  bee.style.setProperty("--turn", `${turn * 360}deg`);
  bee.style.setProperty("--far", (0.62 + far * 0.36).toFixed(3));
  bee.style.setProperty("--size", `${4.8 + (index % 3)}px`);
  bee.style.animationDuration = `${26 + ((index * 7) % 19)}s`;
  bee.style.animationDirection = index % 5 === 4 ? "reverse" : "normal";
  return bee;
}
