// Numbers, sizes, rates and times as text. Pure, except that times are relative to now().

import { now } from "./clock.js";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const MINUTE = 60,
  HOUR = 3600,
  DAY = 86400;
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const clockTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const dayTime = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const dayOnly = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

const UNKNOWN = "–";
const NBSP = "\u00a0"; // no line break between a value and its unit

export function count(value) {
  return value === null || value === undefined ? UNKNOWN : whole.format(value);
}

/** "3", "0.4", "12": one decimal below 10. */
export function roundedNumber(value) {
  return value >= 10 ? whole.format(value) : tenths.format(value);
}

/** "1 peer", "2 peers". */
export function pluralize(value, singular, plural = singular + "s") {
  return `${count(value)} ${value === 1 ? singular : plural}`;
}

/** { number: "4.2", unit: "MiB" }: at most three digits before the point. */
export function bytesParts(value) {
  let power = 0,
    scaled = value;
  while (scaled >= 999.5 && power < UNITS.length - 1) {
    scaled /= 1024;
    power++;
  }
  const number = power === 0 || scaled >= 100 ? whole.format(scaled) : scaled.toFixed(1);
  return { number, unit: UNITS[power] };
}

export function bytes(value) {
  if (value === null || value === undefined) return UNKNOWN;
  const { number, unit } = bytesParts(value);
  return `${number}${NBSP}${unit}`;
}

export function rate(value) {
  return value === null || value === undefined ? UNKNOWN : `${bytes(value)}/s`;
}

/** A rate in a table: a dash instead of 0. */
export function rateOrDash(value) {
  return value ? rate(value) : UNKNOWN;
}

/** A share from 0 to 1 as "43 %". Rounds down, so that 100 % means complete. */
export function percent(share) {
  if (share === null || share === undefined) return UNKNOWN;
  return `${share >= 1 ? 100 : Math.min(99, Math.floor(share * 100))}${NBSP}%`;
}

/** "12 s", "4 min", "3 h 20 min", "5 days". */
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < MINUTE) return `${s}${NBSP}s`;
  if (s < HOUR) return `${Math.floor(s / MINUTE)}${NBSP}min`;
  if (s < 10 * HOUR) return joined(Math.floor(s / HOUR), "h", Math.floor((s % HOUR) / MINUTE), "min");
  if (s < 2 * DAY) return `${Math.floor(s / HOUR)}${NBSP}h`;
  return `${Math.floor(s / DAY)}${NBSP}days`;
}

function joined(big, bigUnit, small, smallUnit) {
  return `${big}${NBSP}${bigUnit}` + (small ? ` ${small}${NBSP}${smallUnit}` : "");
}

/** "just now", "12 s ago". */
export function ago(at) {
  if (at === null || at === undefined) return "never";
  const passed = now() - at;
  return passed < 2 ? "just now" : `${duration(passed)} ago`;
}

export function timeOfDay(at) {
  return clockTime.format(at * 1000);
}

export function day(at) {
  return dayOnly.format(at * 1000);
}

/** "14:05" today, "27 Nov, 14:05" otherwise. */
export function shortTime(at) {
  const today = new Date(now() * 1000).toDateString() === new Date(at * 1000).toDateString();
  return (today ? clockTime : dayTime).format(at * 1000);
}

export function fullTime(at) {
  return full.format(at * 1000);
}

/** "ff1dd52e…" */
export function shortHash(infoHash) {
  return `${infoHash.slice(0, 8)}…`;
}

/** The name, or the shortened info_hash of a torrent without a name. */
export function torrentName(torrent) {
  return torrent.name || shortHash(torrent.info_hash);
}

/** The transfer rate of a swarm. Each transfer is reported twice, by its sender and its receiver, at
 * different times: the greater sum is closer to the true rate. */
export function transferRate({ upload_rate, download_rate }) {
  return Math.max(upload_rate ?? 0, download_rate ?? 0);
}

/** "↑ Upload 3 MiB/s ↓ Download 1 MiB/s" */
export function bothRates({ upload_rate, download_rate }) {
  return `↑${NBSP}Upload${NBSP}${rate(upload_rate)} ↓${NBSP}Download${NBSP}${rate(download_rate)}`;
}
