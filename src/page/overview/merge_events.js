// Merges floods of events, so that one busy client or torrent does not fill the list. Pure.

const FLOOD_MIN = 4; // fewer events are listed one by one
const SPAN_S = 120; // between two neighbours of a flood

/** `events`: the newest first. Returns groups { key, at, kind, first: the newest event, count, of:
 * "torrents" (one client in several torrents), "peers" (several clients in one torrent) or null }. The key
 * of a flood stays the same while it grows. */
export function mergeEvents(events) {
  const groups = [];
  for (let from = 0; from < events.length; ) {
    const [count, of] = longestFlood(events, from);
    const [first, last] = [events[from], events[from + count - 1]];
    const key = first.kind === "refused" ? `refused/${first.address}/${first.code}` : `${last.id}/${last.at}/${of}`;
    groups.push({ key, at: first.at, kind: first.kind, first, count, of });
    from += count;
  }
  return groups;
}

/** [number of events, what they are] of the flood that starts with the event at `from`. */
function longestFlood(events, from) {
  const sameClient = runLength(events, from, ({ address, client }) => address && `${address} ${client}`);
  const sameTorrent = runLength(events, from, ({ info_hash }) => info_hash);
  if (Math.max(sameClient, sameTorrent) < FLOOD_MIN) return [1, null];
  return sameClient > sameTorrent ? [sameClient, "torrents"] : [sameTorrent, "peers"];
}

function runLength(events, from, keyOf) {
  const key = keyOf(events[from]);
  if (!key || events[from].kind === "refused") return 1; // merged by the tracker
  let to = from + 1;
  while (
    to < events.length &&
    events[to].kind === events[from].kind &&
    keyOf(events[to]) === key &&
    events[to - 1].at - events[to].at < SPAN_S
  )
    to++;
  return to - from;
}
