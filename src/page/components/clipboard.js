// Copies texts. Browsers offer navigator.clipboard on secure origins only, and a tracker on a LAN is
// plain HTTP, so that the old way is needed, too.

import { make } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { notify } from "../core/notices.js";

const SHOWN_MS = 1800;

/** Resolves to whether it worked. */
export async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch (refusal) {
      // The old way may still do.
    }
  }
  return copyBySelection(text);
}

function copyBySelection(text) {
  const focused = document.activeElement;
  const field = make("textarea", { class: "unseen", readonly: true, "aria-hidden": "true" });
  field.value = text;
  // A modal dialog lets only what is inside it be selected.
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused?.focus({ preventScroll: true });
  return copied;
}

/** `text()` is asked when the button is pressed. `what` says what is copied: "announce URL". */
export function makeCopyButton(what, text, { wide = false } = {}) {
  const words = make("span", { class: wide ? null : "unseen" }, wide ? "Copy" : `Copy ${what}`);
  const drawing = make("span", { class: "button-icon" }, icon("copy"));
  const button = make(
    "button",
    {
      type: "button",
      class: wide ? "button" : "icon-button",
      title: `Copy ${what}`,
      "aria-label": wide ? `Copy ${what}` : null,
    },
    drawing,
    words,
  );
  let timer = null;
  button.addEventListener("click", async () => {
    if (!(await copyText(text()))) {
      notify("The browser did not let the page copy. Select the text and copy it by hand.", "bad");
      return;
    }
    notify(`Copied the ${what}.`);
    drawing.replaceChildren(icon("done"));
    button.classList.add("is-done");
    clearTimeout(timer);
    timer = setTimeout(() => {
      drawing.replaceChildren(icon("copy"));
      button.classList.remove("is-done");
    }, SHOWN_MS);
  });
  return button;
}
