// The tracker's state as the page knows it: session, status, recent events, samples of the last hour.

import { apiPath, getJson } from "./api.js";
import { setClock } from "./clock.js";
import { addSample, placeInPeriods } from "./samples.js";

const EVENTS_MAX = 500;
const emptyState = () => ({ session: null, status: null, events: [], newEvents: 0, samples: [] });

export function createTrackerState() {
  const state = emptyState();
  let nextEvent = 0,
    samplesLoaded = false,
    lastUptime_s = 0,
    generation = 0; // number of resets; responses to requests from before a reset are dropped

  /** Leaves `state.session` null if reset() was called during the refresh. */
  async function refresh() {
    const started = generation;
    if (state.session === null || state.session.role === "none") {
      const session = await getJson("session");
      if (generation !== started) return;
      state.session = session;
    }
    if (state.session.role === "none") return;
    const status = await getJson("status");
    if (generation !== started) return;
    state.status = status;
    setClock(status.now);
    checkRestart(status.uptime_s ?? 0);
    if (state.session.role === "admin") await Promise.all([loadSamples(), loadEvents()]);
    if (generation === started) addSample(state.samples, { at: status.now, ...status.totals });
  }

  /** Event numbers start again at a restart of the tracker. */
  function checkRestart(uptime_s) {
    if (uptime_s < lastUptime_s) nextEvent = 0;
    lastUptime_s = uptime_s;
  }

  async function loadSamples() {
    if (samplesLoaded) return;
    state.samples = placeInPeriods(await getJson(apiPath(["history"], { range: "hour" })));
    samplesLoaded = true;
  }

  async function loadEvents() {
    const { items, next } = await getJson(apiPath(["events"], { after: nextEvent || null }));
    nextEvent = next;
    state.newEvents = items.length;
    state.events = [...items.reverse(), ...state.events].slice(0, EVENTS_MAX);
  }

  /** Clears everything after a change of the session or its permissions. */
  function reset() {
    Object.assign(state, emptyState());
    nextEvent = 0;
    samplesLoaded = false;
    generation++;
  }

  return { state, refresh, reset, reloadSamples: () => (samplesLoaded = false) };
}
