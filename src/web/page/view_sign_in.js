// For those whom the tracker does not know as an admin.

import { getJson } from "./api.js";
import { make, setText } from "./dom.js";
import { currentToken, setToken } from "./session.js";

/** `session` as the API has it; `onDone()` once the token is good. */
export function createSignIn(session, onDone) {
  const field = make("input", {
    class: "field",
    type: "password",
    id: "token",
    autocomplete: "current-password",
    required: true,
  });
  const fault = make("p", { class: "warning-text", role: "alert" });
  const form = make(
    "form",
    { class: "stack" },
    make("label", { class: "label", for: "token" }, "Token"),
    field,
    fault,
    make("button", { class: "button button-primary" }, "Sign in"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    signIn(field.value, fault, onDone);
  });
  const node = make(
    "div",
    { class: "view view-narrow" },
    make(
      "section",
      { class: "card sign-in" },
      make("img", { src: "/assets/icon.svg", alt: "", width: 72, height: 72 }),
      make("h1", null, "Sign in"),
      session.tokens
        ? [
            make(
              "p",
              { class: "muted" },
              "The token is http.admin_token in the tracker's configuration. The page forgets it when this tab is closed.",
            ),
            form,
          ]
        : make(
            "p",
            { class: "muted" },
            "Only the tracker's own machine may look at this page: open it there. To let others in, set http.admin_token, or add their network to http.admins, in the tracker's configuration.",
          ),
    ),
  );
  return { node, title: "Sign in", refresh: async () => {}, update() {} };
}

async function signIn(token, fault, onDone) {
  const before = currentToken();
  setToken(token.trim());
  try {
    const { role } = await getJson("session");
    if (role === "admin") return onDone();
    setToken(before);
    setText(fault, "This is not the tracker's token.");
  } catch (error) {
    setToken(before);
    setText(fault, error.message);
  }
}
