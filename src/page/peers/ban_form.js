// Asks for a ban: of whom, why and for how long.

import { getJson, pathOf, send } from "../core/api.js";
import { confirmed, openDialog } from "../components/dialog.js";
import { make } from "../core/dom.js";
import { labelled } from "../components/field.js";
import { whenSent } from "../components/form.js";
import { counted } from "../core/format.js";
import { notify } from "../core/notices.js";

const HOUR = 3600,
  DAY = 86400;
const TIMES = [
  ["", "until it is lifted"],
  [HOUR, "for an hour"],
  [DAY, "for a day"],
  [7 * DAY, "for a week"],
  [30 * DAY, "for 30 days"],
];

/** `done()` is called after each ban. A known `network` cannot be changed. */
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
    placeholder: "The client shows it",
    autocomplete: "off",
  });
  const time = make(
    "select",
    { class: "field" },
    TIMES.map(([seconds, words]) => make("option", { value: seconds }, words)),
  );
  const form = make(
    "form",
    { class: "form-line" },
    labelled("Address or network", target),
    labelled("Reason", reason),
    labelled("How long", time),
    make("button", { class: "button button-danger" }, "Ban"),
  );
  whenSent(form, target, async () => {
    if (!(await isMeant(target.value.trim()))) return;
    await send("POST", "bans", {
      network: target.value.trim(),
      ...(reason.value.trim() && { reason: reason.value.trim() }),
      ...(time.value && { for_s: Number(time.value) }),
    });
    notify(`Banned ${target.value.trim()}.`);
    if (network === null) form.reset();
    done();
  });
  return form;
}

/** Many are asked about, and so is whoever asks; one address is not. */
async function isMeant(text) {
  const { network, peers, addresses, own } = await getJson(pathOf(["networks", text]));
  if (!isWide(network) && !own) return true;
  const here = `${counted(peers, "peer")} at ${counted(addresses, "address", "addresses")}`;
  const question = [
    `In ${network} now: ${peers === 0 ? "no peer" : here}.`,
    own && `Your own address, ${(await getJson("session")).client}, is in it.`,
    "Announces and scrapes from there are refused.",
  ];
  return confirmed(`Ban ${network}?`, question.filter(Boolean).join(" "), "Ban anyway");
}

/** Whether it is more than one household or office. */
function isWide(network) {
  const [address, bits] = network.split("/");
  return bits !== undefined && Number(bits) < (address.includes(":") ? 64 : 24);
}

export function openBanDialog(address, done) {
  const dialog = openDialog(
    `Ban ${address}`,
    make("p", { class: "muted" }, "Its announces are refused, and its peers leave their swarms."),
    makeBanForm(address, () => {
      dialog.close();
      done();
    }),
  );
  dialog.classList.add("dialog-narrow");
}
