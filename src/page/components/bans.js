// Banning an address or a network, and removing a ban.

import { apiPath, getJson, send } from "../core/api.js";
import { make } from "../core/dom.js";
import { pluralize } from "../core/format.js";
import { notify } from "../core/notices.js";
import { confirmAction, openDialog } from "./dialog.js";
import { labelled, onSubmit } from "./form.js";

const HOUR = 3600,
  DAY = 86400;
const DURATIONS = [
  ["", "Permanent"],
  [HOUR, "1 hour"],
  [DAY, "1 day"],
  [7 * DAY, "1 week"],
  [30 * DAY, "30 days"],
];

/** A network as a user writes it: a single address without its prefix length. */
export function networkText(network) {
  return network.replace(network.includes(":") ? /\/128$/ : /\/32$/, "");
}

/** Calls `done()` after each ban. If `network` is given it is fixed; null lets the user enter one. */
export function makeBanForm(network, done) {
  const target = make("input", {
    class: "field",
    name: "network",
    value: network ?? "",
    placeholder: "192.0.2.0/24",
    required: true,
    autocomplete: "off",
    spellcheck: "false",
    readonly: network !== null,
  });
  const reason = make("input", {
    class: "field",
    name: "reason",
    autocomplete: "off",
  });
  const duration = make(
    "select",
    { class: "field" },
    DURATIONS.map(([seconds, label]) => make("option", { value: seconds }, label)),
  );
  const form = make(
    "form",
    { class: "form-line" },
    labelled("Address or network", target),
    labelled("Reason (shown to the client)", reason),
    labelled("Duration", duration),
    make("button", { class: "button button-danger" }, "Ban"),
  );
  onSubmit(form, target, async () => {
    const { ban, force } = await confirmBan(target.value.trim());
    if (!ban) return;
    await send("POST", "bans", {
      network: target.value.trim(),
      ...(force && { force }),
      ...(reason.value.trim() && { reason: reason.value.trim() }),
      ...(duration.value && { for_s: Number(duration.value) }),
    });
    notify(`Banned ${target.value.trim()}.`);
    if (network === null) form.reset();
    done();
  });
  return form;
}

/** Asks before a ban of a large network or of the user's own address. Resolves to whether to ban, and
 * whether the user has confirmed it. */
async function confirmBan(text) {
  const { network, peers, addresses, own } = await getJson(apiPath(["networks", text]));
  if (!isLargeNetwork(network) && !own) return { ban: true };
  const present = `${pluralize(peers, "peer")} at ${pluralize(addresses, "address", "addresses")}`;
  const question = [
    `${network} has ${peers === 0 ? "no peers" : present}.`,
    own && `It includes your own address, ${(await getJson("session")).client}.`,
    "Announces and scrapes from this network will be rejected.",
  ];
  const ban = await confirmAction(
    `Ban ${network}?`,
    question.filter(Boolean).join(" "),
    "Ban anyway",
  );
  return { ban, force: ban };
}

/** Whether a network is larger than a typical single site: an IPv4 /24 or an IPv6 /64. */
function isLargeNetwork(network) {
  const [address, bits] = network.split("/");
  return bits !== undefined && Number(bits) < (address.includes(":") ? 64 : 24);
}

export function openBanDialog(address, done) {
  const dialog = openDialog(
    `Ban ${address}`,
    make("p", { class: "muted" }, "Its announces are rejected and its peers are removed."),
    makeBanForm(address, () => {
      dialog.close();
      done();
    }),
  );
}

/** Calls `done()` after the ban is removed. */
export async function removeBan(network, done) {
  try {
    await send("DELETE", apiPath(["bans", network]));
    notify(`Unbanned ${networkText(network)}.`);
    done();
  } catch (error) {
    notify(error.message, "bad");
  }
}
