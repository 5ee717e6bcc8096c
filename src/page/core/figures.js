// The overview's six figures: what each is called, how it is said, and how it is plotted.

import { bytesParts, count, few, rate } from "./format.js";
import { transferRate } from "./rates.js";

const seeders = { key: "seeders", label: "Seeders", color: "--seeders", of: (sample) => sample.seeders };
const leechers = { key: "leechers", label: "Leechers", color: "--leechers", of: (sample) => sample.leechers };
const torrents = { key: "torrents", label: "Torrents", color: "--seeders", of: (sample) => sample.torrents };
const announces = {
  key: "announces",
  label: "Announces a second",
  color: "--seeders",
  of: (sample) => sample.announces_per_s,
};
const received = {
  key: "received",
  label: "Received",
  color: "--leechers",
  of: (sample) => sample.download_rate,
};
const sent = { key: "sent", label: "Sent", color: "--seeders", of: (sample) => sample.upload_rate };

const plain = (text) => ({ number: text, unit: "" });
// An average of whole things needs no more than a tenth.
const things = (value) => few(value);

export const FIGURES = [
  {
    key: "peers",
    label: "Peers",
    say: (totals) => plain(count(totals.peers)),
    of: ({ peers }) => peers,
    color: "--seeders",
    lines: [seeders, leechers],
    words: things,
  },
  {
    key: "seeders",
    label: "Seeders",
    say: (totals) => plain(count(totals.seeders)),
    of: seeders.of,
    color: "--seeders",
    lines: [seeders],
    words: things,
  },
  {
    key: "leechers",
    label: "Leechers",
    say: (totals) => plain(count(totals.leechers)),
    of: leechers.of,
    color: "--leechers",
    lines: [leechers],
    words: things,
  },
  {
    key: "torrents",
    label: "Torrents",
    say: (totals) => plain(count(totals.torrents)),
    of: torrents.of,
    color: "--seeders",
    lines: [torrents],
    words: things,
  },
  {
    key: "announces",
    label: "Announces",
    say: (totals) => ({ number: few(totals.announces_per_s), unit: "a second" }),
    of: announces.of,
    color: "--seeders",
    lines: [announces],
    words: few,
  },
  {
    key: "transfer",
    label: "Transfer",
    say: sayTransfer,
    of: transferRate,
    color: "--leechers",
    lines: [sent, received],
    words: rate,
    binary: true,
  },
];

function sayTransfer(totals) {
  const { number, unit } = bytesParts(transferRate(totals));
  return { number, unit: `${unit}/s` };
}

/** A torrent's own plots. */
export const SWARM_LINES = [seeders, leechers];
export const RATE_LINES = [sent, received];
