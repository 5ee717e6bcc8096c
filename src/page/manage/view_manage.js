// Administration: registered and blocked torrents, passkeys and bans.

import { make, setText, show } from "../core/dom.js";
import { createBans, createBlocks, createPasskeys } from "./manage_access.js";
import { createRegister, createRegistered } from "./manage_torrents.js";

const MODES = {
  open: "Open mode: all torrents are allowed.",
  listed: "Listed mode: only registered torrents are allowed.",
  private: "Private mode: clients need a passkey.",
};

export function createManage({ tracker, refreshNow }) {
  const mode = make("p", { class: "muted" });
  const registered = createRegistered(refreshNow);
  const passkeys = createPasskeys(refreshNow, () => tracker.state.status?.urls ?? []);
  const bans = createBans(refreshNow);
  const blocks = createBlocks(refreshNow);
  const node = make(
    "div",
    { class: "view" },
    make("header", { class: "view-head" }, make("h1", null, "Manage"), mode),
    createRegister(refreshNow),
    registered.node,
    make("div", { class: "halves" }, passkeys.node, bans.node),
    blocks.node,
  );
  return {
    node,
    title: "Manage",
    refresh: () => Promise.all([registered, passkeys, bans, blocks].map((section) => section.refresh())),
    update({ status }) {
      setText(mode, MODES[status.mode] ?? "");
      show(mode, Boolean(MODES[status.mode]));
    },
  };
}
