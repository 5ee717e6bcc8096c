// Receives events as they happen (Server-Sent Events). Reads the body of a fetch, because an EventSource
// cannot send the token.

import { apiPath, openStream } from "./api.js";

const OPEN_MS = 4000; // the stream begins with a line at once, unless a proxy buffers it
const SILENCE_MS = 15000; // the tracker sends a comment every 5 seconds
const AGAIN_MS = 2000; // after the end of a stream that worked
const UNUSABLE_MS = 60000; // after an error, or silence from the start

/** `receive(events)` gets one or more events, the oldest first. A function, not a promise. */
export function createEventStream(receive) {
  let current = null, // { live, abort }
    retryAt = 0;

  /** Opens the stream after that event, unless it is open or cannot be used now. */
  function keepOpen(after) {
    if (current !== null || document.hidden || performance.now() < retryAt) return;
    const controller = new AbortController();
    const stream = { live: false, abort: () => controller.abort() };
    current = stream;
    read(stream, after, controller.signal)
      .catch(() => {})
      .finally(() => end(stream));
  }

  function end(stream) {
    stream.abort();
    if (current !== stream) return;
    current = null;
    retryAt = performance.now() + (stream.live ? AGAIN_MS : UNUSABLE_MS);
  }

  async function read(stream, after, signal) {
    let timer = setTimeout(stream.abort, OPEN_MS);
    try {
      const response = await openStream(apiPath(["events"], { stream: 1, after: after || null }), signal);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ; ) {
        const { value, done } = await reader.read();
        if (done || current !== stream) return;
        clearTimeout(timer);
        timer = setTimeout(stream.abort, SILENCE_MS);
        stream.live = true;
        const blocks = (rest + value).split("\n\n");
        rest = blocks.pop();
        const events = blocks.map(parseEvent).filter((event) => event !== null);
        if (events.length > 0) receive(events);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  function close() {
    current?.abort();
    current = null;
    retryAt = 0;
  }

  // A browser opens few connections to a tracker, so hidden tabs leave theirs to the others.
  document.addEventListener("visibilitychange", () => document.hidden && close());
  return { keepOpen, close, isLive: () => current?.live ?? false };
}

/** Null for a comment and for other events, such as `lost`: what follows is shown in any case. */
function parseEvent(block) {
  const data = block.match(/^data: (.*)$/m);
  return data && !/^event:/m.test(block) ? JSON.parse(data[1]) : null;
}
