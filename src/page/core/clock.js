// The tracker's time, which is not always this device's.

let ahead_s = 0;

/** `at` is the tracker's time, Unix seconds, as an answer that came just now had it. */
export function setClock(at) {
  ahead_s = at - Date.now() / 1000;
}

/** The tracker's time now, Unix seconds. */
export function now() {
  return Date.now() / 1000 + ahead_s;
}
