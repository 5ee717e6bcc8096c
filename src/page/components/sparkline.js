// The small curve in a card: the last hour at a glance. Decoration; the plot says it in full.

import { makeSvg, setAttribute } from "../core/dom.js";
import { averages } from "../core/samples.js";

const WIDTH = 120,
  HEIGHT = 32,
  POINTS = 48;

export function createSparkline(color) {
  const area = makeSvg("path", { class: "spark-area" });
  const line = makeSvg("path", { class: "spark-line" });
  const node = makeSvg(
    "svg",
    { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    area,
    line,
  );
  node.style.setProperty("--spark", `var(${color})`);
  let drawn_s = -Infinity; // the last sample's time
  return {
    node,
    /** Draws it anew once its time has moved on by what the eye can tell. */
    show(samples, of) {
      const last_s = samples.at(-1)?.at;
      if (Math.abs(last_s - drawn_s) < (last_s - samples[0]?.at) / WIDTH) return;
      drawn_s = last_s;
      const path = curveOf(averages(samples, of, POINTS));
      setAttribute(line, "d", path);
      setAttribute(area, "d", path && `${path}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`);
    },
  };
}

/** The curve through the points, by way of the middles between them. */
function curveOf(values) {
  if (values.length < 2) return "";
  const most = Math.max(...values),
    least = Math.min(...values);
  const spread = Math.max(most - least, most * 0.25, 1e-9);
  // What hardly changes runs through the middle, but never below nothing: zeros lie at the bottom.
  const lowest = Math.max((most + least - spread) / 2, 0);
  const points = values.map((value, index) => [
    (index / (values.length - 1)) * WIDTH,
    HEIGHT - 3 - ((value - lowest) / spread) * (HEIGHT - 7),
  ]);
  let path = `M${at(points[0])}`;
  for (let index = 1; index < points.length - 1; index++) {
    const [x, y] = points[index],
      [nextX, nextY] = points[index + 1];
    path += `Q${at([x, y])} ${at([(x + nextX) / 2, (y + nextY) / 2])}`;
  }
  return `${path}L${at(points.at(-1))}`;
}

function at([x, y]) {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}
