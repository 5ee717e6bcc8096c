// The view for users without admin permission: the reason, the setting to change, the token form.

import { getJson } from "../core/api.js";
import { make, setText, show } from "../core/dom.js";
import { currentToken, setToken } from "../core/session.js";
import { labelled } from "../components/form.js";

const REASONS = {
  address: {
    reason: "Your IP address is not in an admin network.",
    remedy: "Open this page on the tracker's machine, or add your network to this setting:",
    setting: () => "http.admins",
  },
  host: {
    reason: "The hostname in the URL is not configured on the tracker.",
    remedy: "Open this page by IP address, or add the hostname to this setting:",
    setting: () => `http.hostnames = [ "${location.hostname}" ]`,
  },
  forwarded: {
    reason: "Your request came through an untrusted proxy.",
    remedy: "Connect without the proxy, or add the proxy's address to this setting:",
    setting: () => "network.trusted_proxies",
  },
  token: {
    reason: "The saved token is not valid.",
    remedy: "Sign in with the token from this setting:",
    setting: () => "http.admin_token",
  },
};

/** Calls `onDone()` after a valid token. The session is polled, so that a change of the tracker's
 * configuration takes effect without a reload of the page. */
export function createSignIn({ tracker }, onDone) {
  const { tokens } = tracker.state.session;
  const reason = createReason();
  const node = make(
    "div",
    { class: "view view-narrow" },
    make(
      "section",
      { class: "card sign-in" },
      make("img", { src: "assets/icon.svg", alt: "", width: 72, height: 72 }),
      make("h1", null, tokens ? "Sign in" : "Permission required"),
      reason.node,
      tokens ? makeTokenForm(onDone) : null,
    ),
  );
  const refresh = async () => reason.show(tracker.state.session);
  reason.show(tracker.state.session);
  return { node, title: "Sign in", refresh, update() {} };
}

function createReason() {
  const text = make("p");
  const remedy = make("p", { class: "muted" });
  const setting = make("code", { class: "setting" });
  return {
    node: [text, remedy, setting],
    show(session) {
      const denial = REASONS[session.why] ?? REASONS.address;
      setText(text, denial.reason);
      setText(remedy, denial.remedy);
      setText(setting, denial.setting());
    },
  };
}

function makeTokenForm(onDone) {
  const field = make("input", {
    class: "field",
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  const fault = make("p", { class: "warning-text", role: "alert" });
  const form = make(
    "form",
    { class: "stack" },
    labelled("Token", field),
    make("p", { class: "note" }, "Set by http.admin_token. Kept until this tab is closed."),
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
  setToken(token.trim());
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
