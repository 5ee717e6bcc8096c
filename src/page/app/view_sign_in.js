// The view for users without admin permission: the reason, the setting to change, the token form.

import { getJson } from "../core/api.js";
import { make, setText, show } from "../core/dom.js";
import { currentToken, setToken } from "../core/session.js";
import { labelled } from "../components/form.js";

const REASONS = {
  address: {
    reason: "Your address is in none of the networks whose people may look at this page.",
    remedy: "Open the page on the tracker's own machine, or add your network to this setting of the tracker:",
    setting: () => "http.admins",
  },
  host: {
    reason: "The tracker does not know the name by which you reached it for its own.",
    remedy: "Open the page by the tracker's IP address, or add the name to this setting of the tracker:",
    setting: () => `http.hostnames = [ "${location.hostname}" ]`,
  },
  forwarded: {
    reason: "Your request came through a proxy that the tracker was not told of.",
    remedy: "Open the page without the proxy, or add the proxy's address to this setting of the tracker:",
    setting: () => "network.trusted_proxies",
  },
  token: {
    reason: "The token that this tab remembers is not, or no longer, the tracker's.",
    remedy: "Sign in with the one that this setting of the tracker has:",
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
      make("img", { src: "/assets/icon.svg", alt: "", width: 72, height: 72 }),
      make("h1", null, tokens ? "Sign in" : "Not for everyone"),
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
    make("p", { class: "note" }, "It is http.admin_token. The page forgets it when this tab is closed."),
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
    setText(fault, "This is not the tracker's token.");
  } catch (error) {
    setToken(previous);
    setText(fault, error.message);
  }
}
