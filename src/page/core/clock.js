// The tracker's clock, which may differ from this device's.

let offset_s = 0;

/** Sets the clock from a response that has just arrived. `at` in Unix seconds. */
export function setClock(at) {
  offset_s = at - Date.now() / 1000;
}

/** The tracker's time in Unix seconds. */
export function now() {
  return Date.now() / 1000 + offset_s;
}
