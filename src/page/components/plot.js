// Plots of figures over time, by Chart.js, in the page's colours; each with its words for those who
// cannot see it.

import { now } from "../core/clock.js";
import { make, prefersStillness, setAttribute, setText } from "../core/dom.js";
import { day, fullTime, moment, timeOfDay } from "../core/format.js";
import { timeTicks, valueSteps } from "./scale.js";

const DAY_S = 86400;
const RANGE_S = { hour: 3600, day: DAY_S, month: 30 * DAY_S };
const TABLE_ROWS = 24;
const plots = new Set();
const palette = new Map(); // the theme's colours by their names, as asked for

/** `lines` are [{ key, label, color: a CSS variable's name }], drawn in this order; `binary`: bytes;
 * `stepped`: counts, which jump; `words(value)` says a value. What is drawn goes away with release(). */
export function createPlot(label) {
  const canvas = make("canvas", { role: "img" });
  const legend = make("ul", { class: "legend" });
  const caption = make("figcaption", { class: "plot-words" });
  const figures = make("tbody");
  const tableHead = make("thead");
  const table = make(
    "details",
    { class: "help plot-table" },
    make("summary", null, "The same as a table"),
    make(
      "div",
      { class: "scroller", tabindex: 0, role: "region", "aria-label": `${label}, as a table` },
      make(
        "table",
        { class: "plain-table" },
        make("caption", { class: "unseen" }, label),
        tableHead,
        figures,
      ),
    ),
  );
  const node = make(
    "figure",
    { class: "plot" },
    legend,
    make("div", { class: "plot-canvas" }, canvas),
    caption,
    table,
  );
  const drawn = { lines: [], range: "hour", samples: [], words: String, binary: false, stepped: false };
  const chart = new window.Chart(canvas, settings(drawn));

  function draw({ lines, range, samples, words, binary = false, stepped = false }) {
    if (!plots.has(plot)) return; // an answer that came after release()
    const swap = lines !== drawn.lines || range !== drawn.range;
    Object.assign(drawn, { lines, range, samples, words, binary, stepped });
    if (swap) {
      chart.data.datasets = lines.map((line) => dataset(line, drawn));
      legend.replaceChildren(...lines.map((line) => makeLegendItem(line)));
    }
    chart.data.datasets.forEach((set, index) => (set.data = pointsOf(samples, lines[index])));
    chart.update(swap && !prefersStillness() ? undefined : "none");
    describe();
  }

  function describe() {
    const texts = drawn.lines.map((line) => sayLine(line, drawn));
    setAttribute(canvas, "aria-label", `${label}. ${texts.join(" ")}`);
    setText(caption, drawn.samples.length < 2 ? "Figures gather here as time passes." : texts.join(" "));
    if (table.open) fillTable(tableHead, figures, drawn);
  }

  table.addEventListener("toggle", () => fillTable(tableHead, figures, drawn));
  const plot = {
    node,
    draw,
    recolor: () => chart.update("none"),
    release: () => (plots.delete(plot), chart.destroy()),
  };
  plots.add(plot);
  return plot;
}

/** After a change of theme. */
export function recolorPlots() {
  palette.clear();
  for (const plot of plots) plot.recolor();
}

function makeLegendItem(line) {
  const swatch = make("span", { class: "swatch", "aria-hidden": "true" });
  swatch.style.background = `var(${line.color})`;
  return make("li", null, swatch, line.label);
}

function pointsOf(samples, line) {
  return samples.map((sample) => ({ x: sample.at, y: line.of(sample) }));
}

function sayLine(line, { samples, words }) {
  if (samples.length === 0) return `${line.label}: no figures yet.`;
  const values = samples.map(line.of);
  const most = Math.max(...values);
  const at = samples[values.indexOf(most)].at;
  return `${line.label}: ${words(values.at(-1))} now, at most ${words(most)} (${moment(at)}), at least ${words(Math.min(...values))}.`;
}

function fillTable(head, body, { lines, samples, words }) {
  head.replaceChildren(
    make(
      "tr",
      null,
      make("th", { scope: "col" }, "Time"),
      lines.map((line) => make("th", { scope: "col", class: "numeric" }, line.label)),
    ),
  );
  const step = Math.max(1, Math.floor(samples.length / TABLE_ROWS));
  const shown = samples.filter((_, index) => (samples.length - 1 - index) % step === 0).reverse();
  body.replaceChildren(
    ...shown.map((sample) =>
      make(
        "tr",
        null,
        make("th", { scope: "row" }, moment(sample.at)),
        lines.map((line) => make("td", { class: "numeric" }, words(line.of(sample)))),
      ),
    ),
  );
}

function color(name) {
  if (!palette.has(name)) {
    palette.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  }
  return palette.get(name);
}

function dataset(line, drawn) {
  return {
    label: line.label,
    data: [],
    borderColor: () => color(line.color),
    backgroundColor: ({ chart }) => shade(chart, color(line.color), drawn.lines.length > 1 ? "26" : "40"),
    fill: "origin",
    borderWidth: 2,
    borderCapStyle: "round",
    borderJoinStyle: "round",
    cubicInterpolationMode: "monotone",
    stepped: drawn.stepped && "middle", // a sample stands for its period, half of it to each side
    pointRadius: 0,
    pointHoverRadius: 5,
    pointHoverBorderWidth: 2,
    pointHoverBackgroundColor: () => color(line.color),
    pointHoverBorderColor: () => color("--surface"),
    pointHitRadius: 12,
  };
}

/** The colour, fading towards the axis. */
function shade(chart, base, opacity) {
  const area = chart.chartArea;
  if (!area) return "transparent";
  const fade = chart.ctx.createLinearGradient(0, area.top, 0, area.bottom);
  fade.addColorStop(0, base + opacity);
  fade.addColorStop(0.9, `${base}00`);
  return fade;
}

function settings(drawn) {
  return {
    type: "line",
    data: { datasets: [] },
    plugins: [hairline, endDots],
    options: {
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      normalized: true,
      animation: prefersStillness() ? false : { duration: 500, easing: "easeOutQuart" },
      interaction: { mode: "index", intersect: false },
      layout: { padding: { top: 6, right: 6 } },
      scales: { x: timeAxis(drawn), y: valueAxis(drawn) },
      plugins: { legend: { display: false }, tooltip: tooltip(drawn) },
    },
  };
}

function font(size, weight = "400") {
  return { family: getComputedStyle(document.body).fontFamily, size, weight };
}

function timeAxis(drawn) {
  return {
    type: "linear",
    bounds: "data",
    grid: { display: false },
    border: { display: false },
    ticks: {
      color: () => color("--muted"),
      font: font(11),
      maxRotation: 0,
      padding: 6,
      autoSkip: false,
      includeBounds: false,
      callback: (at, _, ticks) => (ticks.at(-1).value - ticks[0].value > DAY_S ? day(at) : timeOfDay(at)),
    },
    afterDataLimits: (axis) => {
      const last = Math.max(drawn.samples.at(-1)?.at ?? 0, now());
      const first = Math.min(drawn.samples[0]?.at ?? last, last - 60);
      axis.max = last;
      axis.min = Math.max(first, last - RANGE_S[drawn.range]);
    },
    afterBuildTicks: (axis) => {
      const most = Math.max(2, Math.floor(axis.chart.width / 72));
      axis.ticks = timeTicks(axis.min, axis.max, most).map((value) => ({ value }));
    },
  };
}

function valueAxis(drawn) {
  let step = 1;
  return {
    type: "linear",
    bounds: "data",
    position: "left",
    grid: { color: () => color("--line-soft"), drawBorder: false, drawTicks: false },
    ticks: {
      color: () => color("--muted"),
      font: font(11),
      padding: 8,
      callback: (value) => drawn.words(value).replace(".0 ", " "),
    },
    afterDataLimits: (axis) => {
      const highest = Math.max(
        0,
        ...drawn.samples.flatMap((sample) => drawn.lines.map((line) => line.of(sample))),
      );
      const steps = valueSteps(highest, drawn.binary);
      step = steps.step;
      axis.min = 0;
      axis.max = steps.top;
    },
    afterBuildTicks: (axis) => {
      axis.ticks = Array.from({ length: Math.round(axis.max / step) + 1 }, (_, index) => ({
        value: index * step,
      }));
    },
  };
}

function tooltip(drawn) {
  return {
    backgroundColor: () => color("--raised"),
    borderColor: () => color("--line"),
    titleColor: () => color("--muted"),
    bodyColor: () => color("--ink"),
    borderWidth: 1,
    cornerRadius: 10,
    padding: 12,
    boxWidth: 8,
    boxHeight: 8,
    boxPadding: 6,
    usePointStyle: true,
    titleFont: font(11, "500"),
    bodyFont: font(13, "600"),
    callbacks: {
      title: ([item]) => (item ? fullTime(item.parsed.x) : ""),
      label: (item) => ` ${drawn.words(item.parsed.y)} ${item.dataset.label.toLowerCase()}`,
      labelColor: (item) => {
        const own = color(drawn.lines[item.datasetIndex].color);
        return { borderColor: own, backgroundColor: own };
      },
    },
  };
}

/** An upright line where the pointer is. */
const hairline = {
  id: "hairline",
  beforeDatasetsDraw(chart) {
    const [active] = chart.tooltip?.getActiveElements?.() ?? [];
    if (!active) return;
    const { ctx, chartArea } = chart;
    ctx.save();
    ctx.strokeStyle = color("--line");
    ctx.beginPath();
    ctx.moveTo(active.element.x, chartArea.top);
    ctx.lineTo(active.element.x, chartArea.bottom);
    ctx.stroke();
    ctx.restore();
  },
};

/** A dot at the end of each line: all there is to be seen of a single sample. */
const endDots = {
  id: "endDots",
  afterDatasetsDraw(chart) {
    const { ctx } = chart;
    ctx.save();
    ctx.lineWidth = 2;
    ctx.strokeStyle = color("--surface");
    for (const { data, dataset: line } of chart.getSortedVisibleDatasetMetas())
      drawDot(ctx, data.at(-1), line, data.length === 1 ? 5 : 3.5);
    ctx.restore();
  },
};

function drawDot(ctx, point, line, radius) {
  if (!point) return;
  ctx.beginPath();
  ctx.arc(point.x, point.y, radius, 0, 2 * Math.PI);
  ctx.fillStyle = line.options.borderColor;
  ctx.fill();
  ctx.stroke();
}
