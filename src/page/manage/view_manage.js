// Administration: registered and blocked torrents, passkeys, bans, and the nodes of a cluster.

import { make, setText, show } from "../core/dom.js";
import { createBans, createBlocks, createPasskeys } from "./manage_access.js";
import { createCluster } from "./manage_cluster.js";
import { createRegister, createRegistered } from "./manage_torrents.js";

const MODES = {
  open: "Open mode: all torrents are allowed.",
  listed: "Listed mode: only registered torrents are allowed.",
  private: "Private mode: clients need a passkey.",
};

const PERIOD_MS = 5000; // little changes here unless the user changes it

export function createManage({ tracker, refreshNow }) {
  const mode = make("p", { class: "muted" });
  let asked_ms = -Infinity;
  const registered = createRegistered(reload);
  const passkeys = createPasskeys(reload, () => tracker.state.status?.urls ?? []);
  const bans = createBans(reload);
  const blocks = createBlocks(reload);
  const cluster = createCluster();
  const node = make(
    "div",
    { class: "view" },
    make("header", { class: "view-head" }, make("h1", null, "Manage"), mode),
    createRegister(reload),
    registered.node,
    make("div", { class: "halves" }, passkeys.node, bans.node),
    blocks.node,
    cluster.node,
  );

  /** Asks at once after a change by the user. */
  function reload() {
    asked_ms = -Infinity;
    refreshNow();
  }

  async function refresh() {
    if (performance.now() - asked_ms < PERIOD_MS) return;
    asked_ms = performance.now();
    try {
      await Promise.all([registered, passkeys, bans, blocks, cluster].map((section) => section.refresh()));
    } catch (error) {
      asked_ms = -Infinity;
      throw error;
    }
  }

  return {
    node,
    title: "Manage",
    refresh,
    reload,
    update({ status }) {
      setText(mode, MODES[status.mode] ?? "");
      show(mode, Boolean(MODES[status.mode]));
    },
  };
}
