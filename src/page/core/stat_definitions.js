// The statistics of the overview: label, value, format and plotted series of each.

import { bothRates, bytesParts, count, pluralize, rate, roundedNumber, transferRate } from "./format.js";

const seeders = { key: "seeders", label: "Seeders", color: "--seeders", of: (sample) => sample.seeders };
const leechers = { key: "leechers", label: "Leechers", color: "--leechers", of: (sample) => sample.leechers };
const torrents = { key: "torrents", label: "Torrents", color: "--seeders", of: (sample) => sample.torrents };
const announces = {
  key: "announces",
  label: "Announces per second",
  color: "--seeders",
  of: (sample) => sample.announces_per_s,
};
const download = {
  key: "download",
  label: "↓ Download",
  color: "--leechers",
  of: (sample) => sample.download_rate,
};
const upload = { key: "upload", label: "↑ Upload", color: "--seeders", of: (sample) => sample.upload_rate };

/** The series of a torrent's plots. */
export const SWARM_SERIES = [seeders, leechers];
export const RATE_SERIES = [upload, download];

/** `value(totals)`: the current value; `note(totals)`: the smaller text below it; `of(sample)`: the value
 * of the sparkline in `color`; `format(value)`: a plotted value as text, `unit` that of the axis if the
 * text has none; `binary`: whether the plot's axis has powers of 1024. */
export const STATS = [
  {
    key: "peers",
    label: "Peers",
    value: ({ peers }) => ({ number: count(peers), unit: "" }),
    note: (totals) => `${pluralize(totals.seeders, "seeder")}, ${pluralize(totals.leechers, "leecher")}`,
    of: ({ peers }) => peers,
    color: "--seeders",
    series: SWARM_SERIES,
    format: roundedNumber,
    unit: "peers",
  },
  {
    key: "torrents",
    label: "Torrents",
    value: (totals) => ({ number: count(totals.torrents), unit: "" }),
    note: ({ downloaded }) => pluralize(downloaded, "completed download"),
    of: torrents.of,
    color: "--seeders",
    series: [torrents],
    format: roundedNumber,
    unit: "torrents",
  },
  {
    key: "announces",
    label: "Announces",
    value: (totals) => ({ number: roundedNumber(totals.announces_per_s), unit: "/s" }),
    note: (totals) => `${count(totals.announces)} since the start`,
    of: announces.of,
    color: "--seeders",
    series: [announces],
    format: roundedNumber,
    unit: "announces per second",
  },
  {
    key: "traffic",
    label: "Client traffic, reported by clients",
    value: trafficValue,
    note: bothRates,
    of: transferRate,
    color: "--leechers",
    series: RATE_SERIES,
    format: rate,
    unit: "",
    binary: true,
  },
];

function trafficValue(totals) {
  const { number, unit } = bytesParts(transferRate(totals));
  return { number, unit: `${unit}/s` };
}
