// Passkeys, bans and blocked torrents.

import { apiPath, send } from "../core/api.js";
import { make, setAttribute } from "../core/dom.js";
import { ago, shortTime } from "../core/format.js";
import { notify } from "../core/notices.js";
import { linkTo } from "../core/router.js";
import { countMore, makeUrlText, splitUrls } from "../components/announce_urls.js";
import { makeBanForm, networkText, removeBan } from "../components/bans.js";
import { unblockTorrent } from "../components/blocks.js";
import { makeCopyButton } from "../components/clipboard.js";
import { confirmAction, openLastingDialog } from "../components/dialog.js";
import { labelled, onSubmit } from "../components/form.js";
import { createListing } from "../components/listing.js";
import { makeCard } from "../components/panels.js";
import { makeQrButton } from "../components/qr.js";
import { linkCell, textCell } from "../components/table.js";

/** `urlsOf()` returns the tracker's announce URLs without a passkey. */
export function createPasskeys(refreshNow, urlsOf) {
  const label = make("input", {
    class: "field",
    required: true,
    autocomplete: "off",
    placeholder: "User or device",
  });
  const form = make(
    "form",
    { class: "form-line" },
    labelled("Label", label),
    make("button", { class: "button button-primary" }, "Create"),
  );
  onSubmit(form, label, async () => {
    const passkey = await send("POST", "passkeys", { label: label.value.trim() });
    form.reset();
    refreshNow();
    showPasskey(passkey, urlsOf());
  });
  const listing = createListing({
    parts: ["passkeys"],
    noun: "passkey",
    pageSize: 20,
    refreshNow,
    emptyText: () => "No passkeys.",
    table: {
      caption: "Passkeys",
      key: (passkey) => passkey.label,
      columns: [
        { label: "Label", lead: true, build: textCell((passkey) => passkey.label) },
        { label: "Created", numeric: true, build: textCell((passkey) => ago(passkey.created)) },
        actionColumn(
          "Revoke",
          (passkey) => passkey.label,
          (passkey) => revokePasskey(passkey, refreshNow),
        ),
      ],
    },
  });
  return makeSection(
    "Passkeys",
    "In private mode, clients need a passkey in the announce URL.",
    form,
    listing,
  );
}

function makeSection(title, text, form, listing) {
  const node = makeCard(
    title,
    { head: listing.tally },
    make("p", { class: "muted" }, text),
    form,
    listing.node,
  );
  return { node, refresh: listing.refresh };
}

function actionColumn(label, nameOf, act) {
  return {
    label: "Actions",
    hideLabel: true,
    phone: "first",
    build: (cell) => {
      let item = null;
      const button = make(
        "button",
        { type: "button", class: "button button-small", onclick: () => act(item) },
        label,
      );
      cell.append(make("span", { class: "row-tools" }, button));
      return (next) => {
        item = next;
        setAttribute(button, "aria-label", `${label} ${nameOf(item)}`);
      };
    },
  };
}

/** The tracker stores only a digest, so the passkey cannot be shown again. The URLs come first: a client
 * needs nothing else. */
function showPasskey({ label, passkey, urls }, bareUrls) {
  const line = (what, text) =>
    make(
      "div",
      { class: "copy-line" },
      makeUrlText(text, { class: "copy-text" }),
      makeCopyButton(what, () => text),
      makeQrButton(what, () => text),
    );
  const urlLine = ({ url }) => line("announce URL", url);
  const { best, rest } = splitUrls(urls.map((url) => describeUrl(url, passkey, bareUrls)));
  openLastingDialog(
    `Passkey “${label}”`,
    "Done",
    make(
      "p",
      { class: "warning-text" },
      "Copy the announce URL to the client now. It will not be shown again.",
    ),
    make("div", null, best.map(urlLine)),
    rest.length > 0 &&
      make("details", { class: "help" }, make("summary", null, countMore(rest)), rest.map(urlLine)),
    make("h3", null, "Passkey alone"),
    line("passkey", passkey),
  );
}

/** A URL with a passkey, with the host and scope of the same URL without it. */
function describeUrl(url, passkey, bareUrls) {
  const bare = url.replace(`/${passkey}`, "");
  return { host: "", ...bareUrls.find((candidate) => candidate.url === bare), url };
}

async function revokePasskey({ label }, refreshNow) {
  const confirmed = await confirmAction(
    "Revoke passkey?",
    `Announces with the passkey “${label}” will be rejected.`,
    "Revoke",
  );
  if (!confirmed) return;
  try {
    await send("DELETE", apiPath(["passkeys", label]));
    notify(`Revoked passkey “${label}”.`);
    refreshNow();
  } catch (error) {
    notify(error.message, "bad");
  }
}

export function createBans(refreshNow) {
  const listing = createListing({
    parts: ["bans"],
    noun: "ban",
    pageSize: 20,
    refreshNow,
    emptyText: () => "No bans.",
    table: {
      caption: "Bans",
      key: (ban) => ban.network,
      columns: [
        { label: "Network", lead: true, build: linkCell(banName, banLink, banNote) },
        { label: "Reason", long: true, build: textCell((ban) => ban.reason || "–") },
        { label: "Since", numeric: true, build: textCell((ban) => ago(ban.since)) },
        {
          label: "Expires",
          numeric: true,
          build: textCell((ban) => (ban.until ? shortTime(ban.until) : "never")),
        },
        actionColumn(
          "Unban",
          banName,
          (ban) => removeBan(ban.network, refreshNow),
        ),
      ],
    },
  });
  return makeSection(
    "Bans",
    "Announces and scrapes from banned networks are rejected.",
    makeBanForm(null, refreshNow),
    listing,
  );
}

export function createBlocks(refreshNow) {
  const listing = createListing({
    parts: ["blocks"],
    noun: "blocked torrent",
    pageSize: 20,
    refreshNow,
    emptyText: () => "No blocked torrents.",
    table: {
      caption: "Blocked torrents",
      key: (block) => block.info_hash,
      columns: [
        { label: "Info_hash", lead: true, build: buildBlockedHash },
        { label: "Reason", long: true, build: textCell((block) => block.reason || "–") },
        { label: "Since", numeric: true, build: textCell((block) => ago(block.since)) },
        actionColumn(
          "Unblock",
          (block) => block.info_hash,
          (block) => unblockTorrent(block, refreshNow),
        ),
      ],
    },
  });
  return makeSection(
    "Blocked torrents",
    "Their announces are rejected in every access mode. To block a torrent, open it.",
    null,
    listing,
  );
}

function buildBlockedHash(cell) {
  const link = make("a", { class: "hash" });
  cell.append(link);
  return ({ info_hash }) => {
    link.textContent = info_hash;
    link.href = linkTo("torrents", info_hash);
  };
}

/** The name of the machine, with the address below it, or the network. */
const banName = ({ network, machine }) => machine ?? networkText(network);
const banNote = ({ network, machine }) => (machine ? networkText(network) : "");
const banLink = ({ network }) => linkTo("peers", network.split("/")[0]);
