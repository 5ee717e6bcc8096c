// Axis ticks at round values. Pure.

const MINUTE = 60,
  HOUR = 3600,
  DAY = 86400;
const TIME_STEPS = [
  MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  4 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  5 * DAY,
  7 * DAY,
  14 * DAY,
];
const ROUND_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** Tick times from `from` to `to` in Unix seconds, at most `most` of them, round in local time. */
export function timeTicks(from, to, most) {
  const step = TIME_STEPS.find((candidate) => (to - from) / candidate <= most) ?? TIME_STEPS.at(-1);
  const zone_s = -60 * new Date(to * 1000).getTimezoneOffset();
  const ticks = [];
  for (let at = Math.ceil((from + zone_s) / step) * step - zone_s; at <= to; at += step) ticks.push(at);
  return ticks;
}

/** { step, top } of an axis of about four steps that holds `highest`. `binary`: powers of 1024. */
export function valueSteps(highest, binary) {
  const minStep = Math.max(highest, binary ? 1024 : 4) / 4;
  const base = binary ? 1024 : 1000;
  const unit = base ** Math.max(0, Math.floor(Math.log(minStep) / Math.log(base)));
  const step = unit * (ROUND_STEPS.find((round) => round * unit >= minStep) ?? base);
  return { step, top: step * Math.max(1, Math.ceil(highest / step)) };
}
