// What the page knows of the tracker: its status, what happened last, and the last hour's figures.

import { getJson, pathOf } from "./api.js";
import { setClock } from "./clock.js";
import { addSample, placeInPeriods } from "./samples.js";

const EVENTS_KEPT = 60;

export function createTracker() {
  const known = { session: null, status: null, events: [], news: 0, samples: [] };
  let nextEvent = 0,
    seeded = false,
    lastUptime = 0,
    visit = 0; // how often all was forgotten: what was asked for before is not what is wanted now

  /** `known.session` is null behind it where all was forgotten meanwhile. */
  async function refresh() {
    const begun = visit;
    if (known.session === null || known.session.role === "none") {
      const session = await getJson("session");
      if (visit !== begun) return;
      known.session = session;
    }
    if (known.session.role === "none") return;
    const status = await getJson("status");
    if (visit !== begun) return;
    known.status = status;
    setClock(status.now);
    noticeRestart();
    if (known.session.role === "admin") await Promise.all([seed(), readEvents()]);
    if (visit === begun) addSample(known.samples, sampleOf(status));
  }

  /** Events are numbered anew after a restart. */
  function noticeRestart() {
    const uptime = known.status.uptime_s ?? 0;
    if (uptime < lastUptime) nextEvent = 0;
    lastUptime = uptime;
  }

  async function seed() {
    if (seeded) return;
    known.samples = placeInPeriods(await getJson(pathOf(["history"], { range: "hour" })));
    seeded = true;
  }

  async function readEvents() {
    const { items, next } = await getJson(pathOf(["events"], { after: nextEvent || null }));
    nextEvent = next;
    known.news = items.length;
    known.events = [...items.reverse(), ...known.events].slice(0, EVENTS_KEPT);
  }

  /** Who we are has changed, or may have. */
  function forget() {
    Object.assign(known, { session: null, status: null, events: [], news: 0, samples: [] });
    nextEvent = 0;
    seeded = false;
    visit++;
  }

  return { known, refresh, forget, forgetSamples: () => (seeded = false) };
}

function sampleOf(status) {
  return { at: status.now, ...status.totals };
}
