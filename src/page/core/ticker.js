// The page's heartbeat: does one thing about every second while somebody looks, never two at a time,
// and says when the tracker does not answer and when it is back.

const PERIOD_MS = 1000;
const PATIENT_MS = 3000;
const SLOW_FACTOR = 4;

/** `work()` resolves, or rejects with an ApiError. `report(error)` hears of each end of it, with
 * null after a success. */
export function createTicker(work, report) {
  let timer = null,
    running = false,
    again = false;

  function plan(delay) {
    clearTimeout(timer);
    timer = document.hidden ? null : setTimeout(beat, delay);
  }

  async function beat() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    again = false;
    const started = performance.now();
    const failure = await work().then(
      () => null,
      (error) => error,
    );
    running = false;
    report(failure);
    plan(again ? 0 : pause(failure, performance.now() - started));
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : plan(0)));
  return { now: () => plan(0) };
}

/** A tracker that takes long to answer is asked less often. */
function pause(failure, took) {
  if (failure?.lost) return PATIENT_MS / 2;
  return failure ? PATIENT_MS : Math.max(PERIOD_MS - took, SLOW_FACTOR * took, PERIOD_MS / 4);
}
