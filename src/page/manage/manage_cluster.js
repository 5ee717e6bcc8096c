// The nodes of the cluster, and the engine that they use.

import { getJson } from "../core/api.js";
import { now } from "../core/clock.js";
import { make, setText, show } from "../core/dom.js";
import { ago, bytes, count, duration, pluralize, rate, roundedNumber } from "../core/format.js";
import { createFacts, createWarnings, makeCard } from "../components/panels.js";
import { createTable, textCell } from "../components/table.js";

const COPY_REASONS = {
  started: "this node started",
  missing: "changes were missing",
  no_room: "there was no room for all peers",
  by_time: "this node had joined without a copy",
};
const RESEND_REASONS = {
  engine: "the engine restarted or was replaced",
  stream: "the engine lost changes",
};

/** Empty and hidden on a tracker without a cluster. */
export function createCluster() {
  const tally = make("p", { class: "tally", "aria-live": "polite" });
  const warnings = createWarnings("Problems of the engine");
  const facts = createFacts([
    ["Engine", ({ engine }) => (engine.connected ? `${engine.kind} ${engine.version}` : "Not connected")],
    ["Behind", ({ engine, node }) => (engine.connected ? timeOf(node.behind_ms) : "–")],
    ["Changes waiting", ({ counts }) => count(counts.records_waiting)],
    ["Memory of changes", ({ engine }) => bytes(engine.stream_bytes)],
    ["Sent", ({ node }) => rate(node.bytes_sent_per_s)],
    ["Read", ({ node }) => rate(node.bytes_read_per_s)],
  ]);
  const details = createFacts(
    [
      ["Changes a second", ({ node }) => changesOf(node)],
      ["Changes missing", ({ counts }) => timesOf(counts.holes)],
      ["Changes sent again", resendsOf],
      ["Copies of all peers", copiesOf],
    ],
    { sentences: true },
  );
  const table = createTable({
    caption: "Nodes of the cluster",
    key: ({ id }) => id,
    columns: [
      { label: "Node", lead: true, build: textCell(({ name, own }) => (own ? `${name} (this node)` : name)) },
      { label: "State", build: textCell(stateOf) },
      { label: "Version", build: textCell(({ version }) => version ?? "–") },
      { label: "Running for", numeric: true, build: textCell(({ alive, since }) => (alive ? duration(now() - since) : "–")) },
      { label: "Announces", numeric: true, build: textCell((node) => `${count(node.announces_per_s)}/s`) },
      { label: "Behind", numeric: true, build: textCell((node) => (node.alive ? lagOf(node) : "–")) },
      { label: "Clock", numeric: true, build: textCell(clockOf) },
      { label: "Last heard", numeric: true, build: textCell(({ own, heard }) => (own ? "–" : ago(heard))) },
    ],
  });
  const content = make("div", { class: "stack" }, warnings.node, facts.node, table.node, details.node);
  const card = makeCard("Cluster", { head: tally }, content);
  const node = make("div", { hidden: true });

  async function refresh() {
    const cluster = await getJson("cluster");
    if (!cluster.enabled) return;
    const own = { ...cluster.node, own: true, alive: true };
    if (!cluster.engine.connected) own.behind_entries = null;
    const nodes = [own, ...cluster.nodes];
    nodes.sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
    setText(tally, pluralize(nodes.length, "node"));
    warnings.show([cluster.engine.error, cluster.engine.warnings].filter(Boolean));
    facts.show(cluster);
    details.show(cluster);
    table.show(nodes, "");
    if (!node.firstChild) node.append(card);
    show(node, true);
  }

  return { node, refresh };
}

/** "120 entries, 1.2 s"; an earlier version does not report it. */
function lagOf({ behind_entries, behind_ms }) {
  if (behind_entries === null) return "–";
  return `${pluralize(behind_entries, "entry", "entries")}, ${timeOf(behind_ms)}`;
}

/** Beside the clock of the engine. */
function clockOf({ clock_offset_ms }) {
  return clock_offset_ms < 0 ? `${count(-clock_offset_ms)} ms ahead` : `${count(clock_offset_ms)} ms behind`;
}

/** "1.2 s", "12 s", "4 min". */
function timeOf(ms) {
  return ms < 10000 ? `${roundedNumber(ms / 1000)}\u00a0s` : duration(ms / 1000);
}

function changesOf({ records_sent_per_s, records_merged_per_s }) {
  return `${count(records_sent_per_s)} sent, ${count(records_merged_per_s)} merged`;
}

function timesOf(number) {
  return number === 0 ? "Never" : pluralize(number, "time");
}

function resendsOf({ counts, last_resend }) {
  const times = timesOf(counts.resends);
  return last_resend ? `${times}, last ${ago(last_resend.sent)}: ${RESEND_REASONS[last_resend.reason]}` : times;
}

function copiesOf({ counts, last_snapshot }) {
  const numbers = `${count(counts.snapshots_received)} received, ${count(counts.snapshots_sent)} sent`;
  if (!last_snapshot) return numbers;
  const { reason, requested, received } = last_snapshot;
  const end = received === null ? "not complete yet" : `received ${ago(received)}`;
  return `${numbers}. Last requested ${ago(requested)}: ${COPY_REASONS[reason]}; ${end}`;
}

function stateOf({ alive, full, whole, ready }) {
  if (!alive) return "Not heard";
  if (full) return "No room for all peers";
  if (whole) return "Has all peers";
  return ready ? "Joined, may lack peers" : "Joining";
}
