// The view for users without admin permission: who they are, the token form, the setting to change.

import { getJson } from "../core/api.js";
import { make, setText, show } from "../core/dom.js";
import { currentToken, setToken } from "../core/session.js";
import { makeCopyButton } from "../components/clipboard.js";
import { labelled } from "../components/form.js";

const RELOAD = "sudo systemctl reload skepd";
const ADMINS = '"127.0.0.0/8", "::1"'; // the default of http.admins

/** `who(client)`: the caller and what is missing; `remedy`: what else helps, with `setting(client)`. */
const REASONS = {
  address: {
    who: (client) => `You are ${client ?? "at an unknown address"}. This address is not in an admin network.`,
    remedy: "Open this page on the tracker’s machine, or add the address to http.admins in skepd.conf:",
    setting: (client) => `http = { admins = [ ${ADMINS}, "${client ?? "ADDRESS"}" ]; };`,
  },
  host: {
    who: () => `The hostname ${location.hostname} in the URL is not configured on the tracker.`,
    remedy: "Open this page by IP address, or add the hostname to http.hostnames in skepd.conf:",
    setting: () => `http = { hostnames = [ "${location.hostname}" ]; };`,
  },
  forwarded: {
    who: (client) => `Your request came through an untrusted proxy${client ? ` at ${client}` : ""}.`,
    remedy: "Connect without the proxy, or add its address to network.trusted_proxies in skepd.conf:",
    setting: (client) => `network = { trusted_proxies = [ "${client ?? "ADDRESS"}" ]; };`,
  },
  token: {
    who: () => "The saved token is not valid.",
    remedy: "Set a token of at least 16 characters as http.admin_token in skepd.conf:",
    setting: () => 'http = { admin_token = "TOKEN"; };',
  },
};

/** Calls `onDone()` after a valid token. The session is polled, so that a change of the tracker's
 * configuration takes effect without a reload of the page. */
export function createSignIn({ tracker }, onDone) {
  const { tokens } = tracker.state.session;
  const who = make("p");
  const remedy = createRemedy();
  const node = make(
    "div",
    { class: "view view-narrow" },
    make(
      "section",
      { class: "card sign-in" },
      make("img", { src: "assets/icon.svg", alt: "", width: 56, height: 56 }),
      make("h1", null, tokens ? "Sign in" : "Permission required"),
      who,
      tokens ? makeTokenForm(onDone) : null,
      remedy.node,
      make(
        "p",
        { class: "note" },
        "Only this page needs permission. BitTorrent clients announce without it.",
      ),
    ),
  );

  async function refresh() {
    const { why, client } = tracker.state.session;
    const reason = REASONS[why] ?? REASONS.address;
    setText(who, reason.who(client));
    remedy.show(tokens ? `Without a token: ${lowerFirst(reason.remedy)}` : reason.remedy, reason.setting(client));
    show(remedy.node, !(tokens && why === "token"));
  }

  refresh();
  return { node, title: "Sign in", refresh, update() {} };
}

const lowerFirst = (text) => text[0].toLowerCase() + text.slice(1);

function createRemedy() {
  const text = make("p");
  const setting = make("code", { class: "copy-text" });
  const line = (what, content) =>
    make(
      "div",
      { class: "copy-line" },
      content,
      makeCopyButton(what, () => content.textContent),
    );
  const node = make(
    "div",
    { class: "remedy" },
    text,
    line("setting", setting),
    make("p", null, "Then reload the configuration:"),
    line("command", make("code", { class: "copy-text" }, RELOAD)),
  );
  return {
    node,
    show(remedy, example) {
      setText(text, remedy);
      setText(setting, example);
    },
  };
}

function makeTokenForm(onDone) {
  const field = make("input", {
    class: "field",
    type: "password",
    autocomplete: "current-password",
    required: true,
    autofocus: true,
  });
  const fault = make("p", { class: "warning-text", role: "alert" });
  const form = make(
    "form",
    { class: "stack" },
    labelled("Token", field),
    make(
      "p",
      { class: "note" },
      "Set by http.admin_token or http.admin_token_file in skepd.conf; for a service, usually in /etc/skep/admin_token. Kept until this tab is closed.",
    ),
    fault,
    make("button", { class: "button button-primary" }, "Sign in"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    signIn(field.value, fault, onDone);
  });
  return form;
}

async function signIn(token, fault, onDone) {
  const previous = currentToken();
  setToken(token.replace(/[^!-~]/g, "")); // a token has printable ASCII characters only
  try {
    const { role } = await getJson("session");
    if (role === "admin") return onDone();
    setToken(previous);
    setText(fault, "Invalid token.");
  } catch (error) {
    setToken(previous);
    setText(fault, error.message);
  }
}
