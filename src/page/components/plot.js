// Time series plots, drawn by Chart.js in the theme's colours. Each has a text summary and a table for
// users who cannot see it.

import { now } from "../core/clock.js";
import { make, setAttribute, setText, show } from "../core/dom.js";
import { day, fullTime, shortTime, timeOfDay } from "../core/format.js";
import { timeTicks, valueSteps } from "./scale.js";

const DAY_S = 86400;
export const RANGES = [
  ["hour", "1 hour"],
  ["day", "24 hours"],
  ["month", "30 days"],
];
const RANGE_S = { hour: 3600, day: DAY_S, month: 30 * DAY_S };
const TABLE_ROWS = 24;
const GAP_MIN = 0.02; // share of the range without data that is pointed out
const plots = new Set();
const palette = new Map(); // cache: CSS variable -> colour of the theme

/** draw({ series, range, samples, format, unit, binary, stepped }): `series` is [{ key, label, color: CSS
 * variable, of(sample) }] in drawing order; `format(value)` returns text; `unit`: of the axis, "" if the
 * formatted values have one; `binary`: the axis has powers of 1024; `stepped`: for counts, which change in
 * steps. The plot always shows the whole range up to now. Call release() when the plot is removed. */
export function createPlot(label) {
  const canvas = make("canvas", { role: "img" });
  const legend = make("ul", { class: "legend" });
  const frame = make("div", { class: "plot-canvas" }, canvas);
  const few = make("p", { class: "empty", hidden: true }, "Collecting data: the curve starts with two samples.");
  const tableBody = make("tbody");
  const tableHead = make("thead");
  const table = make(
    "details",
    { class: "help plot-table" },
    make("summary", null, "Show as table"),
    make(
      "div",
      { class: "scroller", tabindex: 0, role: "region", "aria-label": `${label}, table` },
      make(
        "table",
        { class: "plain-table" },
        make("caption", { class: "visually-hidden" }, label),
        tableHead,
        tableBody,
      ),
    ),
  );
  const node = make(
    "figure",
    { class: "plot" },
    legend,
    frame,
    few,
    table,
  );
  const drawn = { series: [], range: "hour", samples: [], format: String, unit: "", binary: false, stepped: false };
  let items = [];
  const chart = new window.Chart(canvas, chartConfig(drawn));

  function draw({ series, range, samples, format, unit = "", binary = false, stepped = false }) {
    if (!plots.has(plot)) return; // a response that arrived after release()
    const changed = series !== drawn.series || range !== drawn.range;
    Object.assign(drawn, { series, range, samples, format, unit, binary, stepped });
    if (changed) {
      chart.data.datasets = series.map((one) => makeDataset(one, drawn));
      items = series.map(makeLegendItem);
      legend.replaceChildren(...items.map(({ node }) => node));
      Object.assign(chart.options.scales.y.title, { display: unit !== "", text: unit });
    }
    show(frame, samples.length > 1);
    show(few, samples.length < 2);
    chart.data.datasets.forEach((set, index) => (set.data = pointsOf(samples, series[index])));
    chart.update("none");
    describe();
  }

  function describe() {
    const texts = drawn.series.map((one) => describeSeries(one, drawn));
    const start = startOfData(drawn);
    const gap = start === null ? "" : `No data before ${shortTime(start)}.`;
    for (const item of items) item.show(drawn);
    setAttribute(canvas, "aria-label", [`${label}.`, ...texts, gap].join(" ").trim());
    if (table.open) fillTable(tableHead, tableBody, drawn);
  }

  table.addEventListener("toggle", () => fillTable(tableHead, tableBody, drawn));
  const plot = {
    node,
    draw,
    recolor: () => chart.update("none"),
    release: () => (plots.delete(plot), chart.destroy()),
  };
  plots.add(plot);
  return plot;
}

/** Redraws all plots after a change of theme. */
export function recolorPlots() {
  palette.clear();
  for (const plot of plots) plot.recolor();
}

/** The name of a series, its current and its largest value. */
function makeLegendItem({ color, label, of }) {
  const swatch = make("span", { class: "swatch", "aria-hidden": "true" });
  const current = make("strong", { class: "numeric" });
  const largest = make("span", { class: "muted numeric" });
  swatch.style.background = `var(${color})`;
  return {
    node: make("li", null, swatch, label, current, largest),
    show({ samples, format }) {
      const { value, at } = largestOf(samples, of);
      setText(current, samples.length > 0 ? format(of(samples.at(-1))) : "");
      setText(largest, samples.length > 1 ? `largest ${format(value)} at ${shortTime(at)}` : "");
    },
  };
}

function largestOf(samples, of) {
  const values = samples.map(of);
  const value = Math.max(...values);
  return { value, at: samples[values.indexOf(value)]?.at };
}

/** The time of the first sample if a part of the range lies before it; null otherwise. */
function startOfData({ samples, range }) {
  if (samples.length < 2) return null;
  const missing = samples[0].at - (now() - RANGE_S[range]);
  return missing > GAP_MIN * RANGE_S[range] ? samples[0].at : null;
}

function pointsOf(samples, { of }) {
  return samples.map((sample) => ({ x: sample.at, y: of(sample) }));
}

function describeSeries({ label, of }, { samples, format }) {
  if (samples.length === 0) return `${label}: no data yet.`;
  const { value, at } = largestOf(samples, of);
  return `${label}: ${format(of(samples.at(-1)))} now, largest ${format(value)} at ${shortTime(at)}.`;
}

function fillTable(head, body, { series, samples, format }) {
  head.replaceChildren(
    make(
      "tr",
      null,
      make("th", { scope: "col" }, "Time"),
      series.map(({ label }) => make("th", { scope: "col", class: "numeric" }, label)),
    ),
  );
  const step = Math.max(1, Math.floor(samples.length / TABLE_ROWS));
  const shown = samples.filter((_, index) => (samples.length - 1 - index) % step === 0).reverse();
  body.replaceChildren(
    ...shown.map((sample) =>
      make(
        "tr",
        null,
        make("th", { scope: "row" }, shortTime(sample.at)),
        series.map(({ of }) => make("td", { class: "numeric" }, format(of(sample)))),
      ),
    ),
  );
}

function themeColor(name) {
  if (!palette.has(name)) {
    palette.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  }
  return palette.get(name);
}

function makeDataset({ color, label }, drawn) {
  return {
    label,
    data: [],
    borderColor: () => themeColor(color),
    backgroundColor: ({ chart }) =>
      makeGradient(chart, themeColor(color), drawn.series.length > 1 ? "26" : "40"),
    fill: "origin",
    borderWidth: 2,
    borderCapStyle: "round",
    borderJoinStyle: "round",
    cubicInterpolationMode: "monotone",
    stepped: drawn.stepped && "middle", // a sample is at the middle of its period
    pointRadius: 0,
    pointHoverRadius: 5,
    pointHoverBorderWidth: 2,
    pointHoverBackgroundColor: () => themeColor(color),
    pointHoverBorderColor: () => themeColor("--surface"),
    pointHitRadius: 12,
  };
}

/** A fill that fades towards the axis. */
function makeGradient(chart, base, opacity) {
  const area = chart.chartArea;
  if (!area) return "transparent";
  const gradient = chart.ctx.createLinearGradient(0, area.top, 0, area.bottom);
  gradient.addColorStop(0, base + opacity);
  gradient.addColorStop(0.9, `${base}00`);
  return gradient;
}

function chartConfig(drawn) {
  return {
    type: "line",
    data: { datasets: [] },
    plugins: [missingData(drawn), hairline, endDots],
    options: {
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      normalized: true,
      animation: false,
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
      color: () => themeColor("--muted"),
      font: font(11),
      maxRotation: 0,
      padding: 6,
      autoSkip: false,
      includeBounds: false,
      callback: (at, _, ticks) => (ticks.at(-1).value - ticks[0].value > DAY_S ? day(at) : timeOfDay(at)),
    },
    afterDataLimits: (axis) => {
      axis.max = Math.max(drawn.samples.at(-1)?.at ?? 0, now());
      axis.min = axis.max - RANGE_S[drawn.range];
    },
    afterBuildTicks: (axis) => {
      const ticksMax = Math.max(2, Math.floor(axis.chart.width / 72));
      axis.ticks = timeTicks(axis.min, axis.max, ticksMax).map((value) => ({ value }));
    },
  };
}

function valueAxis(drawn) {
  let step = 1;
  return {
    type: "linear",
    bounds: "data",
    position: "left",
    title: { display: false, color: () => themeColor("--muted"), font: font(11), padding: 4 },
    grid: { color: () => themeColor("--grid"), drawBorder: false, drawTicks: false },
    ticks: {
      color: () => themeColor("--muted"),
      font: font(11),
      padding: 8,
      callback: (value) => drawn.format(value).replace(".0 ", " "),
    },
    afterDataLimits: (axis) => {
      const highest = Math.max(
        0,
        ...drawn.samples.flatMap((sample) => drawn.series.map(({ of }) => of(sample))),
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
    backgroundColor: () => themeColor("--raised"),
    borderColor: () => themeColor("--line"),
    titleColor: () => themeColor("--muted"),
    bodyColor: () => themeColor("--ink"),
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
      label: (item) => ` ${drawn.format(item.parsed.y)} ${item.dataset.label.toLowerCase()}`,
      labelColor: (item) => {
        const color = themeColor(drawn.series[item.datasetIndex].color);
        return { borderColor: color, backgroundColor: color };
      },
    },
  };
}

/** Shades the part of the range before the first sample. */
function missingData(drawn) {
  return {
    id: "missingData",
    beforeDatasetsDraw({ ctx, chartArea, scales }) {
      const start = startOfData(drawn);
      if (start === null) return;
      const width = scales.x.getPixelForValue(start) - chartArea.left;
      const text = `no data before ${shortTime(start)}`;
      ctx.save();
      ctx.fillStyle = themeColor("--sunken");
      ctx.fillRect(chartArea.left, chartArea.top, width, chartArea.bottom - chartArea.top);
      ctx.font = `12px ${getComputedStyle(document.body).fontFamily}`;
      ctx.fillStyle = themeColor("--muted");
      ctx.textAlign = "center";
      if (ctx.measureText(text).width < width - 16)
        ctx.fillText(text, chartArea.left + width / 2, (chartArea.top + chartArea.bottom) / 2);
      ctx.restore();
    },
  };
}

/** A vertical line at the pointer. */
const hairline = {
  id: "hairline",
  beforeDatasetsDraw(chart) {
    const [active] = chart.tooltip?.getActiveElements?.() ?? [];
    if (!active) return;
    const { ctx, chartArea } = chart;
    ctx.save();
    ctx.strokeStyle = themeColor("--line");
    ctx.beginPath();
    ctx.moveTo(active.element.x, chartArea.top);
    ctx.lineTo(active.element.x, chartArea.bottom);
    ctx.stroke();
    ctx.restore();
  },
};

/** A dot at the end of each line. */
const endDots = {
  id: "endDots",
  afterDatasetsDraw(chart) {
    const { ctx } = chart;
    ctx.save();
    ctx.lineWidth = 2;
    ctx.strokeStyle = themeColor("--surface");
    for (const { data, dataset } of chart.getSortedVisibleDatasetMetas())
      drawDot(ctx, data.at(-1), dataset);
    ctx.restore();
  },
};

function drawDot(ctx, point, dataset) {
  if (!point) return;
  ctx.beginPath();
  ctx.arc(point.x, point.y, 3.5, 0, 2 * Math.PI);
  ctx.fillStyle = dataset.options.borderColor;
  ctx.fill();
  ctx.stroke();
}
