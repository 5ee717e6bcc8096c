// Calls a function once a second while the page is visible, never twice at a time.

const PERIOD_MS = 1000;
const RETRY_MS = 1500; // while the tracker is unreachable
const ERROR_RETRY_MS = 3000;
const SLOW_FACTOR = 4;

/** `work()` returns a promise, which rejects with an ApiError. `report(error)` is called after each
 * run, with null on success. `runNow()` of the result runs `work` at once. */
export function createRefreshTimer(work, report) {
  let timer = null,
    running = false,
    runAgain = false;

  function schedule(delay) {
    clearTimeout(timer);
    timer = document.hidden ? null : setTimeout(run, delay);
  }

  async function run() {
    if (running) {
      runAgain = true;
      return;
    }
    running = true;
    runAgain = false;
    const started = performance.now();
    const failure = await work().then(
      () => null,
      (error) => error,
    );
    running = false;
    report(failure);
    schedule(runAgain ? 0 : delayAfter(failure, performance.now() - started));
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : schedule(0)));
  return { runNow: () => schedule(0) };
}

/** Polls a slow tracker less often. */
function delayAfter(failure, took_ms) {
  if (failure?.unreachable) return RETRY_MS;
  return failure ? ERROR_RETRY_MS : Math.max(PERIOD_MS - took_ms, SLOW_FACTOR * took_ms, PERIOD_MS / 4);
}
