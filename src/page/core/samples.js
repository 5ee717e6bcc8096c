// The figures of the last hour, as they grow while somebody looks.

const HOUR_S = 3600,
  FINE_S = 60,
  COARSE_S = 10;

/** Adds `sample`, which has `at`: a point a second is kept for the last minute, one in ten seconds
 * before, none older than an hour. */
export function addSample(samples, sample) {
  samples.push(sample);
  const end = sample.at;
  const fine = samples.findIndex(({ at }) => at > end - FINE_S);
  if (fine >= 2 && samples[fine - 1].at - samples[fine - 2].at < COARSE_S) samples.splice(fine - 1, 1);
  while (samples.length && samples[0].at < end - HOUR_S) samples.shift();
}

/** The samples of a history, each at the middle of the period that it is the average of. */
export function placeInPeriods({ samples, period_s }) {
  return samples.map((sample) => ({ ...sample, at: sample.at + period_s / 2 }));
}

/** Averages of `of(sample)` over so many equal pieces of the time that the samples span; pieces
 * without samples are left out. */
export function averages(samples, of, pieces) {
  if (samples.length < 2) return samples.map(of);
  const first = samples[0].at,
    span = samples.at(-1).at - first;
  const sums = Array.from({ length: pieces }, () => ({ sum: 0, count: 0 }));
  for (const sample of samples) {
    const piece = sums[Math.min(pieces - 1, Math.floor(((sample.at - first) / span) * pieces))];
    piece.sum += of(sample);
    piece.count++;
  }
  return sums.filter(({ count }) => count > 0).map(({ sum, count }) => sum / count);
}
