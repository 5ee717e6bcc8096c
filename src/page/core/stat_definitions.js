// The statistics of the overview: label, value, format and plotted series of each.

import { bytesParts, count, rate, roundedNumber, transferRate } from "./format.js";

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

/** A statistic that counts something and is plotted as one series. */
const countStat = (series) => ({
  key: series.key,
  label: series.label,
  value: (totals) => ({ number: count(series.of(totals)), unit: "" }),
  of: series.of,
  color: series.color,
  series: [series],
  format: roundedNumber,
});

/** `title`: of the plot, if not the label; `value(totals)`: the current value; `of(sample)`: the value of the sparkline in `color`;
 * `format(value)`: a plotted value as text; `binary`: whether the plot's axis has powers of 1024. */
export const STATS = [
  {
    key: "peers",
    label: "Peers",
    value: (totals) => ({ number: count(totals.peers), unit: "" }),
    of: ({ peers }) => peers,
    color: "--seeders",
    series: SWARM_SERIES,
    format: roundedNumber,
  },
  countStat(seeders),
  countStat(leechers),
  countStat(torrents),
  {
    key: "announces",
    label: "Announces",
    value: (totals) => ({ number: roundedNumber(totals.announces_per_s), unit: "/s" }),
    of: announces.of,
    color: "--seeders",
    series: [announces],
    format: roundedNumber,
  },
  {
    key: "transfer",
    label: "Client traffic",
    title: "Client traffic, reported by clients",
    value: transferValue,
    of: transferRate,
    color: "--leechers",
    series: RATE_SERIES,
    format: rate,
    binary: true,
  },
];

function transferValue(totals) {
  const { number, unit } = bytesParts(transferRate(totals));
  return { number, unit: `${unit}/s` };
}
