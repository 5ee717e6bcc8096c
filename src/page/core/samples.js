// Time series of at most the last hour, extended while the page is open.

import { now } from "./clock.js";

const HOUR_S = 3600,
  FINE_S = 60,
  COARSE_S = 10;

/** Adds `sample`, which has `at`. Keeps every sample of the last minute, one in ten seconds before
 * that, and none older than an hour. */
export function addSample(samples, sample) {
  samples.push(sample);
  const end = sample.at;
  const fine = samples.findIndex(({ at }) => at > end - FINE_S);
  if (fine >= 2 && samples[fine - 1].at - samples[fine - 2].at < COARSE_S) samples.splice(fine - 1, 1);
  while (samples.length && samples[0].at < end - HOUR_S) samples.shift();
}

/** The samples of a history. Each is the average of a period and is placed at its middle; that of the
 * current period at the middle of the part that has passed. */
export function placeInPeriods({ samples, period_s }) {
  const endOf = ({ at }) => Math.max(at, Math.min(at + period_s, now()));
  return samples.map((sample) => ({ ...sample, at: (sample.at + endOf(sample)) / 2 }));
}

/** Averages of `of(sample)` over `count` equal intervals of the samples' time span. Intervals without
 * samples are left out. */
export function averages(samples, of, count) {
  if (samples.length < 2) return samples.map(of);
  const first = samples[0].at,
    span = samples.at(-1).at - first;
  const intervals = Array.from({ length: count }, () => ({ sum: 0, samples: 0 }));
  for (const sample of samples) {
    const interval = intervals[Math.min(count - 1, Math.floor(((sample.at - first) / span) * count))];
    interval.sum += of(sample);
    interval.samples++;
  }
  return intervals
    .filter((interval) => interval.samples > 0)
    .map((interval) => interval.sum / interval.samples);
}
