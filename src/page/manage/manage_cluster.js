// The nodes of the cluster, and the engine that they use.

import { getJson } from "../core/api.js";
import { make, setText, show } from "../core/dom.js";
import { ago, bytes, count, duration, pluralize } from "../core/format.js";
import { createFacts, createWarnings, makeCard } from "../components/panels.js";
import { createTable, textCell } from "../components/table.js";

/** Empty and hidden on a tracker without a cluster. */
export function createCluster() {
  const tally = make("p", { class: "tally", "aria-live": "polite" });
  const warnings = createWarnings("Problems of the engine");
  const facts = createFacts([
    ["Engine", ({ engine }) => (engine.connected ? `${engine.kind} ${engine.version}` : "Not connected")],
    ["Behind", ({ engine }) => (engine.behind_ms < 1000 ? "0 s" : duration(engine.behind_ms / 1000))],
    ["Changes waiting", ({ counts }) => count(counts.records_waiting)],
    ["Changes in the engine", ({ engine }) => bytes(engine.stream_bytes)],
  ]);
  const table = createTable({
    caption: "Nodes of the cluster",
    key: ({ id }) => id,
    columns: [
      { label: "Node", lead: true, build: textCell(({ name, own }) => (own ? `${name} (this node)` : name)) },
      { label: "State", build: textCell(stateOf) },
      { label: "Version", build: textCell(({ version }) => version ?? "–") },
      { label: "Announces", numeric: true, build: textCell((node) => `${count(node.announces_per_s)}/s`) },
      { label: "Clock difference", numeric: true, build: textCell((node) => `${count(0 - node.clock_offset_ms)} ms`) },
      { label: "Heard", numeric: true, build: textCell(({ own, heard }) => (own ? "–" : ago(heard))) },
    ],
  });
  const content = make("div", { class: "stack" }, warnings.node, facts.node, table.node);
  const card = makeCard("Cluster", { head: tally }, content);
  const node = make("div", { hidden: true });

  async function refresh() {
    const cluster = await getJson("cluster");
    if (!cluster.enabled) return;
    const nodes = [{ ...cluster.node, own: true, alive: true }, ...cluster.nodes];
    nodes.sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
    setText(tally, pluralize(nodes.length, "node"));
    warnings.show([cluster.engine.error, cluster.engine.warnings].filter(Boolean));
    facts.show(cluster);
    table.show(nodes, "");
    if (!node.firstChild) node.append(card);
    show(node, true);
  }

  return { node, refresh };
}

function stateOf({ alive, full, whole, ready }) {
  if (!alive) return "Away";
  if (full) return "Full";
  if (whole) return "Has all peers";
  return ready ? "Ready" : "Joining";
}
