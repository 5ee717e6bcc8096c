// A small curve of the last hour. Decoration only: the plot shows the same data in full.

import { makeSvg, setAttribute, show } from "../core/dom.js";
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
  let drawn_s = -Infinity; // time of the last sample drawn
  return {
    node,
    /** Redraws only after the curve has moved by about a pixel. */
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

/** An SVG path that smooths the points: quadratic curves between their midpoints. */
function curveOf(values) {
  if (values.length < 2) return "";
  const max = Math.max(...values),
    min = Math.min(...values);
  const spread = Math.max(max - min, max * 0.25, 1e-9);
  // Nearly constant values run through the middle; zeros stay at the bottom.
  const bottom = Math.max((max + min - spread) / 2, 0);
  const points = values.map((value, index) => [
    (index / (values.length - 1)) * WIDTH,
    HEIGHT - 3 - ((value - bottom) / spread) * (HEIGHT - 7),
  ]);
  let path = `M${pointText(points[0])}`;
  for (let index = 1; index < points.length - 1; index++) {
    const [x, y] = points[index],
      [nextX, nextY] = points[index + 1];
    path += `Q${pointText([x, y])} ${pointText([(x + nextX) / 2, (y + nextY) / 2])}`;
  }
  return `${path}L${pointText(points.at(-1))}`;
}

function pointText([x, y]) {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}
