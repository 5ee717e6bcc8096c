// The tracker's state as the page knows it: session, status, recent events, samples of the last hour.

import { apiPath, getJson } from "./api.js";
import { setClock } from "./clock.js";
import { createEventStream } from "./event_stream.js";
import { addSample, placeInPeriods } from "./samples.js";

const EVENTS_MAX = 500;
const emptyState = () => ({ session: null, status: null, events: [], newEvents: 0, samples: [] });

const countMachines = ({ registry }) => registry?.machines;

/** Of the refused announces of one client for one reason, which are one event. */
const refusedKey = ({ kind, address, code }) => (kind === "refused" ? `${address} ${code}` : null);

/** `showEvents()` is called when events have arrived between two refreshes. */
export function createTrackerState(showEvents) {
  const state = emptyState();
  const stream = createEventStream(receiveEvents);
  let nextEvent = 0,
    samplesLoaded = false,
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
    countListed(status);
    if (state.status && countMachines(status) !== countMachines(state.status)) reloadEvents();
    state.status = status;
    setClock(status.now);
    if (state.session.role === "admin") await Promise.all([loadSamples(), loadEvents()]);
    if (generation === started) addSample(state.samples, { at: status.now, ...status.totals });
  }

  /** Counts the torrents as the list does: with the registered ones, and a hybrid once. */
  function countListed({ totals, health }) {
    totals.swarms = totals.torrents;
    if (!health) return;
    totals.torrents = Object.values(health).reduce((sum, torrents) => sum + torrents, 0);
    totals.torrents_active = totals.torrents - health.idle;
  }

  async function loadSamples() {
    if (samplesLoaded) return;
    state.samples = placeInPeriods(await getJson(apiPath(["history"], { range: "hour" })));
    samplesLoaded = true;
  }

  /** Asks for new events, unless the stream sends them. */
  async function loadEvents() {
    state.newEvents = 0;
    if (stream.isLive()) return;
    const started = generation,
      after = nextEvent;
    const { items, next } = await getJson(apiPath(["events"], { after: after || null }));
    if (generation !== started || stream.isLive() || nextEvent !== after) return;
    if (after === 0) state.events = [];
    addEvents(items);
    nextEvent = next;
    stream.keepOpen(nextEvent);
  }

  /** Loads all events again: they name machines as they were called at the time of the request. */
  function reloadEvents() {
    stream.close();
    nextEvent = 0;
  }

  /** While the stream is being opened, some of its events may have been loaded already. */
  function receiveEvents(events) {
    const known = new Set(state.events.map(({ id }) => id));
    addEvents(events.filter(({ id }) => !known.has(id)));
    nextEvent = events.at(-1).id;
    showEvents();
  }

  function addEvents(events) {
    state.newEvents = events.length;
    const replaced = new Set(events.map(refusedKey));
    const kept = state.events.filter((event) => !refusedKey(event) || !replaced.has(refusedKey(event)));
    state.events = [...events.reverse(), ...kept].slice(0, EVENTS_MAX);
  }

  /** Clears everything after a change of the session or its permissions. */
  function reset() {
    Object.assign(state, emptyState());
    stream.close();
    nextEvent = 0;
    samplesLoaded = false;
    generation++;
  }

  return { state, refresh, reset, reloadEvents, reloadSamples: () => (samplesLoaded = false) };
}
